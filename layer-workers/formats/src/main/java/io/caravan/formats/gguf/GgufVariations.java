package io.caravan.formats.gguf;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.Variations;
import io.caravan.proto.model.Variations.Multipliers;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * What the models of an architecture do otherwise than plain LLaMA. Biases show in the tensors, windows and multipliers in
 * the metadata, and the rest goes with the architecture's name.
 */
final class GgufVariations {
    private static final String WINDOW = "attention.sliding_window";
    private static final String EMBEDDING_SCALE = "embedding_scale";
    private static final String RESIDUAL_SCALE = "residual_scale";
    private static final String ATTENTION_SCALE = "attention.scale";
    private static final String LOGIT_SCALE = "logit_scale";

    /** SmolLM3 rotates all layers but each fourth. */
    private static final int UNROTATED_STEP = 4;

    private GgufVariations() {}

    /** @param tensors names in the file */
    static Variations read(
            GgufFields fields,
            GgufArchitecture architecture,
            Set<String> tensors,
            int layerCount,
            int headDim,
            int maxPositions) {
        String prefix = architecture.key() + ".";
        int window = fields.intOr(prefix + WINDOW, 0);
        return of(
                architecture,
                layerCount,
                tensors.contains("blk.0.attn_q.bias"),
                tensors.contains("blk.0.attn_output.bias"),
                tensors.contains("blk.0.ffn_gate.bias"),
                window < 1 || window >= maxPositions ? Variations.UNLIMITED : window,
                new Multipliers(
                        scale(fields, prefix + EMBEDDING_SCALE, 1),
                        scale(fields, prefix + RESIDUAL_SCALE, 1),
                        scale(fields, prefix + ATTENTION_SCALE, 1 / Math.sqrt(headDim)) * Math.sqrt(headDim),
                        1 / scale(fields, prefix + LOGIT_SCALE, 1)));
    }

    /** A scale of 0 is none, as an absent one. */
    private static double scale(GgufFields fields, String key, double absent) {
        double scale = fields.doubleOr(key, absent);
        return scale == 0 ? absent : scale;
    }

    private static Variations of(
            GgufArchitecture architecture,
            int layerCount,
            boolean queryKeyValueBias,
            boolean attentionOutputBias,
            boolean feedForwardBias,
            int window,
            Multipliers multipliers) {
        return new Variations(
                queryKeyValueBias,
                attentionOutputBias,
                feedForwardBias,
                architecture == GgufArchitecture.QWEN3,
                window,
                window == Variations.UNLIMITED ? List.of() : layers(layerCount, layer -> true),
                architecture == GgufArchitecture.SMOLLM3
                        ? layers(layerCount, layer -> (layer + 1) % UNROTATED_STEP == 0)
                        : List.of(),
                multipliers);
    }

    private static List<Integer> layers(int layerCount, IntPredicate which) {
        return IntStream.range(0, layerCount).filter(which).boxed().toList();
    }

    /**
     * The architecture whose files can say what {@code spec} does.
     *
     * @throws IllegalArgumentException when there is none
     */
    static GgufArchitecture architecture(ModelSpec spec) {
        Variations its = spec.variations();
        GgufArchitecture architecture;
        if (!its.multipliers().equals(Multipliers.ONE)) {
            architecture = GgufArchitecture.GRANITE;
        } else if (!its.unrotatedLayers().isEmpty()) {
            architecture = GgufArchitecture.SMOLLM3;
        } else if (its.queryKeyNorm()) {
            architecture = GgufArchitecture.QWEN3;
        } else {
            architecture = its.queryKeyValueBias() && !its.attentionOutputBias()
                    ? GgufArchitecture.QWEN2
                    : GgufArchitecture.LLAMA;
        }
        var said = of(
                architecture,
                spec.layerCount(),
                its.queryKeyValueBias(),
                its.attentionOutputBias(),
                its.feedForwardBias(),
                its.window(),
                its.multipliers());
        if (!said.equals(its)) {
            throw new IllegalArgumentException("GGUF's architecture " + architecture.key()
                    + " has no place for what the layers of " + spec.name() + " do otherwise: " + its);
        }
        return architecture;
    }

    static void put(GgufMetadata metadata, GgufArchitecture architecture, ModelSpec spec) {
        String prefix = architecture.key() + ".";
        Variations its = spec.variations();
        if (its.window() != Variations.UNLIMITED) {
            metadata.put(prefix + WINDOW, its.window());
        }
        Multipliers multipliers = its.multipliers();
        if (!multipliers.equals(Multipliers.ONE)) {
            metadata.put(prefix + EMBEDDING_SCALE, (float) multipliers.embedding())
                    .put(prefix + RESIDUAL_SCALE, (float) multipliers.residual())
                    .put(prefix + ATTENTION_SCALE, (float) (multipliers.attention() / Math.sqrt(spec.headDim())))
                    .put(prefix + LOGIT_SCALE, (float) (1 / multipliers.logits()));
        }
    }
}
