package io.caravan.formats;

import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tensors of a LLaMA-family model, by Hugging Face's names. Matrices are (outputs, inputs), row-major; the rows of
 * query and key belong to heads whose rotary pairs are (i, i + headDim / 2).
 */
public record LlamaTensors(ModelSpec spec) {
    static final String LAYER_PREFIX = "model.layers.";

    /** The tensors of one transformer layer, in the order of their use. */
    public enum Part {
        ATTENTION_NORM("input_layernorm"),
        QUERY("self_attn.q_proj"),
        KEY("self_attn.k_proj"),
        VALUE("self_attn.v_proj"),
        ATTENTION_OUTPUT("self_attn.o_proj"),
        FEED_FORWARD_NORM("post_attention_layernorm"),
        GATE("mlp.gate_proj"),
        UP("mlp.up_proj"),
        DOWN("mlp.down_proj");

        private final String module;

        Part(String module) {
            this.module = module;
        }
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
        return spec.tiedEmbeddings()
                ? embedding()
                : TensorSlot.of("lm_head.weight", spec.vocabSize(), spec.hiddenSize());
    }

    /** One tensor of layer {@code layer}. */
    public TensorSlot layer(int layer, Part part) {
        String name = LAYER_PREFIX + layer + "." + part.module + ".weight";
        long hidden = spec.hiddenSize();
        return switch (part) {
            case ATTENTION_NORM, FEED_FORWARD_NORM -> TensorSlot.of(name, hidden);
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
                && Arrays.stream(Part.values()).anyMatch(part -> rest.equals(part.module + ".weight"));
    }

    /** Whether the outputs of this matrix are added to the residual stream. */
    boolean addsToResidual(String name) {
        return name.endsWith(Part.ATTENTION_OUTPUT.module + ".weight") || name.endsWith(Part.DOWN.module + ".weight");
    }

    /** What a stage of {@code layers} reads: the embedding if it is the first, norm and head if it is the last. */
    public List<TensorSlot> stage(LayerRange layers, boolean first, boolean last) {
        var slots = new ArrayList<TensorSlot>();
        if (first) {
            slots.add(embedding());
        }
        for (int layer = layers.first(); layer < layers.end(); layer++) {
            for (Part part : Part.values()) {
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
