package io.caravan.formats;

import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.Variations;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tensors of a model of LLaMA's kind, by Hugging Face's names; which of them it has follows from its {@link
 * io.caravan.proto.model.Variations}. Matrices are (outputs, inputs), row-major; the rows of
 * query and key belong to heads whose rotary pairs are (i, i + headDim / 2).
 */
public record LlamaTensors(ModelSpec spec) {
    static final String HEAD = "lm_head.weight";
    static final String LAYER_PREFIX = "model.layers.";

    /** The tensors of one transformer layer, in the order of their use; not every model has all. */
    public enum Part {
        ATTENTION_NORM("input_layernorm.weight"),
        QUERY("self_attn.q_proj.weight"),
        QUERY_BIAS("self_attn.q_proj.bias"),
        KEY("self_attn.k_proj.weight"),
        KEY_BIAS("self_attn.k_proj.bias"),
        VALUE("self_attn.v_proj.weight"),
        VALUE_BIAS("self_attn.v_proj.bias"),
        QUERY_NORM("self_attn.q_norm.weight"),
        KEY_NORM("self_attn.k_norm.weight"),
        ATTENTION_OUTPUT("self_attn.o_proj.weight"),
        ATTENTION_OUTPUT_BIAS("self_attn.o_proj.bias"),
        FEED_FORWARD_NORM("post_attention_layernorm.weight"),
        GATE("mlp.gate_proj.weight"),
        GATE_BIAS("mlp.gate_proj.bias"),
        UP("mlp.up_proj.weight"),
        UP_BIAS("mlp.up_proj.bias"),
        DOWN("mlp.down_proj.weight"),
        DOWN_BIAS("mlp.down_proj.bias");

        private final String name;

        Part(String name) {
            this.name = name;
        }

        private boolean isIn(Variations variations) {
            return switch (this) {
                case QUERY_BIAS, KEY_BIAS, VALUE_BIAS -> variations.queryKeyValueBias();
                case QUERY_NORM, KEY_NORM -> variations.queryKeyNorm();
                case ATTENTION_OUTPUT_BIAS -> variations.attentionOutputBias();
                case GATE_BIAS, UP_BIAS, DOWN_BIAS -> variations.feedForwardBias();
                default -> true;
            };
        }
    }

    /** The tensors that this model's layers have. */
    public List<Part> parts() {
        return Arrays.stream(Part.values())
                .filter(part -> part.isIn(spec.variations()))
                .toList();
    }

    /** Token embedding, (vocabulary, hidden). */
    public TensorSlot embedding() {
        return TensorSlot.of("model.embed_tokens.weight", spec.vocabSize(), spec.hiddenSize());
    }

    /** The norm before the head, (hidden). */
    public TensorSlot norm() {
        return TensorSlot.of("model.norm.weight", spec.hiddenSize());
    }

    /** The head, (vocabulary, hidden): the embedding itself when the two are tied. */
    public TensorSlot head() {
        return spec.tiedEmbeddings() ? embedding() : TensorSlot.of(HEAD, spec.vocabSize(), spec.hiddenSize());
    }

    /** One tensor of layer {@code layer}. */
    public TensorSlot layer(int layer, Part part) {
        String name = LAYER_PREFIX + layer + "." + part.name;
        long hidden = spec.hiddenSize();
        return switch (part) {
            case ATTENTION_NORM, FEED_FORWARD_NORM, ATTENTION_OUTPUT_BIAS, DOWN_BIAS -> TensorSlot.of(name, hidden);
            case QUERY_BIAS -> TensorSlot.of(name, spec.queryWidth());
            case KEY_BIAS, VALUE_BIAS -> TensorSlot.of(name, spec.kvWidth());
            case QUERY_NORM, KEY_NORM -> TensorSlot.of(name, spec.headDim());
            case GATE_BIAS, UP_BIAS -> TensorSlot.of(name, spec.intermediateSize());
            case QUERY -> TensorSlot.of(name, spec.queryWidth(), hidden);
            case KEY, VALUE -> TensorSlot.of(name, spec.kvWidth(), hidden);
            case ATTENTION_OUTPUT -> TensorSlot.of(name, hidden, spec.queryWidth());
            case GATE, UP -> TensorSlot.of(name, spec.intermediateSize(), hidden);
            case DOWN -> TensorSlot.of(name, hidden, spec.intermediateSize());
        };
    }

    /** Whether {@code name} is one of the tensors inside this model's layers. */
    boolean hasInLayers(String name) {
        int dot = name.indexOf('.', LAYER_PREFIX.length());
        if (!name.startsWith(LAYER_PREFIX) || dot < 0) {
            return false;
        }
        String number = name.substring(LAYER_PREFIX.length(), dot);
        String rest = name.substring(dot + 1);
        return number.matches("0|[1-9]\\d{0,8}")
                && Integer.parseInt(number) < spec.layerCount()
                && parts().stream().anyMatch(part -> rest.equals(part.name));
    }

    /** Whether the outputs of this matrix are added to the residual stream. */
    boolean addsToResidual(String name) {
        return name.endsWith(Part.ATTENTION_OUTPUT.name) || name.endsWith(Part.DOWN.name);
    }

    /** What a stage of {@code layers} reads: the embedding if it is the first, norm and head if it is the last. */
    public List<TensorSlot> stage(LayerRange layers, boolean first, boolean last) {
        var slots = new ArrayList<TensorSlot>();
        if (first) {
            slots.add(embedding());
        }
        for (int layer = layers.first(); layer < layers.end(); layer++) {
            for (Part part : parts()) {
                slots.add(layer(layer, part));
            }
        }
        if (last) {
            slots.add(norm());
            if (!(first && spec.tiedEmbeddings())) {
                slots.add(head());
            }
        }
        return slots;
    }

    /** Every tensor of the model, each once. */
    public List<TensorSlot> all() {
        return stage(new LayerRange(0, spec.layerCount()), true, true);
    }
}
