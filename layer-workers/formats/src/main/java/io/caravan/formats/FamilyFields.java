package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.Variations;
import io.caravan.proto.model.Variations.Multipliers;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The opposite of {@link VariationsConfig}: the family whose configuration can say what a model does otherwise than LLaMA,
 * and what it says there. Whether it says that and nothing else is found out by reading it back.
 */
final class FamilyFields {
    private FamilyFields() {}

    /**
     * Fields of {@code config.json}.
     *
     * @throws IllegalArgumentException when no family has this mixture of variations
     */
    static Map<String, Object> of(ModelSpec spec) {
        ModelFamily family = family(spec);
        var fields = new LinkedHashMap<String, Object>();
        fields.put("architectures", List.of(family.architecture()));
        fields.put("model_type", family.modelType());
        fields.putAll(variations(spec, family));
        Variations read = VariationsConfig.read(
                JsonFields.parse("the configuration to write", JsonFields.encode(fields)),
                family,
                spec.layerCount(),
                spec.headDim(),
                spec.maxPositions());
        if (!equal(read, spec.variations())) {
            throw new IllegalArgumentException(
                    "no Hugging Face configuration that is known describes " + spec.variations());
        }
        return fields;
    }

    private static ModelFamily family(ModelSpec spec) {
        Variations variations = spec.variations();
        if (!variations.multipliers().equals(Multipliers.ONE)) {
            return ModelFamily.GRANITE;
        }
        if (variations.queryKeyNorm()) {
            return ModelFamily.QWEN3;
        }
        if (!variations.unrotatedLayers().isEmpty()) {
            return ModelFamily.SMOLLM3;
        }
        if (variations.queryKeyValueBias() && !variations.attentionOutputBias()) {
            return ModelFamily.QWEN2;
        }
        return variations.windowedLayers().isEmpty() ? ModelFamily.LLAMA : ModelFamily.MISTRAL;
    }

    private static Map<String, Object> variations(ModelSpec spec, ModelFamily family) {
        Variations variations = spec.variations();
        var fields = new LinkedHashMap<String, Object>();
        if (family != ModelFamily.MISTRAL && family != ModelFamily.QWEN2) {
            fields.put("attention_bias", variations.attentionOutputBias());
        }
        if (family != ModelFamily.MISTRAL && family != ModelFamily.QWEN2 && family != ModelFamily.QWEN3) {
            fields.put("mlp_bias", variations.feedForwardBias());
        }
        boolean windowed = !variations.windowedLayers().isEmpty();
        if (windowed) {
            fields.put("sliding_window", variations.window());
        }
        switch (family) {
            case LLAMA, MISTRAL -> {}
            case SMOLLM3 -> {
                fields.put("use_sliding_window", windowed);
                fields.put("layer_types", layerTypes(spec));
                fields.put(
                        "no_rope_layers",
                        eachLayer(spec)
                                .mapToObj(layer -> variations.rotates(layer) ? 1 : 0)
                                .toList());
            }
            case QWEN2, QWEN3 -> {
                fields.put("use_sliding_window", windowed);
                fields.put("layer_types", layerTypes(spec));
            }
            case GRANITE -> {
                Multipliers multipliers = variations.multipliers();
                fields.put("embedding_multiplier", multipliers.embedding());
                fields.put("residual_multiplier", multipliers.residual());
                fields.put("attention_multiplier", spec.attentionScale());
                fields.put("logits_scaling", 1 / multipliers.logits());
            }
        }
        return fields;
    }

    private static List<String> layerTypes(ModelSpec spec) {
        List<Integer> windowed = spec.variations().windowedLayers();
        return eachLayer(spec)
                .mapToObj(layer -> windowed.contains(layer) ? "sliding_attention" : "full_attention")
                .toList();
    }

    private static IntStream eachLayer(ModelSpec spec) {
        return IntStream.range(0, spec.layerCount());
    }

    /** Multipliers are written as other numbers than they are kept, so they may come back with another last digit. */
    private static boolean equal(Variations a, Variations b) {
        return close(a.multipliers().embedding(), b.multipliers().embedding())
                && close(a.multipliers().residual(), b.multipliers().residual())
                && close(a.multipliers().attention(), b.multipliers().attention())
                && close(a.multipliers().logits(), b.multipliers().logits())
                && a.withMultipliers(Multipliers.ONE).equals(b.withMultipliers(Multipliers.ONE));
    }

    private static boolean close(double a, double b) {
        return Math.abs(a - b) <= 1e-12 * Math.abs(b);
    }
}
