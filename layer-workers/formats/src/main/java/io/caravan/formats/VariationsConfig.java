package io.caravan.formats;

import io.caravan.proto.model.Variations;
import io.caravan.proto.model.Variations.Multipliers;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a configuration says of the differences from plain LLaMA: biases, windows, layers without rotation, multipliers. What
 * the family's own code would not look at is refused where it asks for something, since the file then means another model.
 */
final class VariationsConfig {
    /** Most layers of a model whose layers differ among each other; a hundred times those of the largest published. */
    private static final int MAX_LISTED_LAYERS = 10_000;

    private static final int DEFAULT_WINDOW = 4096;

    private final JsonFields fields;
    private final ModelFamily family;
    private final int layerCount;

    private VariationsConfig(JsonFields fields, ModelFamily family, int layerCount) {
        this.fields = fields;
        this.family = family;
        this.layerCount = layerCount;
    }

    /** Reads {@code fields} of a model whose heads are {@code headDim} wide and that serves {@code maxPositions}. */
    static Variations read(JsonFields fields, ModelFamily family, int layerCount, int headDim, int maxPositions) {
        return new VariationsConfig(fields, family, layerCount).read(headDim, maxPositions);
    }

    private Variations read(int headDim, int maxPositions) {
        boolean attentionBias = switch (family) {
            case LLAMA, QWEN3, SMOLLM3, GRANITE -> fields.booleanOr("attention_bias", false);
            case MISTRAL -> refuse("attention_bias");
            case QWEN2 -> false;
        };
        boolean feedForwardBias = switch (family) {
            case LLAMA, SMOLLM3, GRANITE -> fields.booleanOr("mlp_bias", false);
            case MISTRAL, QWEN2, QWEN3 -> refuse("mlp_bias");
        };
        requireWindowOfWindowedLayers();
        List<Integer> unrotated = family == ModelFamily.SMOLLM3 ? unrotatedLayers() : List.of();
        int window = window(maxPositions);
        return new Variations(
                attentionBias || family == ModelFamily.QWEN2,
                attentionBias,
                feedForwardBias,
                family == ModelFamily.QWEN3,
                window,
                window == Variations.UNLIMITED ? List.of() : windowedLayers(unrotated),
                unrotated,
                family == ModelFamily.GRANITE ? multipliers(headDim) : Multipliers.ONE);
    }

    private boolean refuse(String key) {
        if (fields.booleanOr(key, false)) {
            throw unsupported(key + " true", "of the model_type " + family.modelType() + ", models without it are");
        }
        return false;
    }

    private Multipliers multipliers(int headDim) {
        return new Multipliers(
                positive("embedding_multiplier"),
                positive("residual_multiplier"),
                positive("attention_multiplier") * Math.sqrt(headDim),
                1 / positive("logits_scaling"));
    }

    private double positive(String key) {
        double value = fields.doubleOr(key, 1);
        if (!(value > 0)) {
            throw fields.wrong(key, "positive");
        }
        return value;
    }

    /** A window that the longest context fits into is none. */
    private int window(int maxPositions) {
        int window = switch (family) {
            case LLAMA, GRANITE -> fields.intOr("sliding_window", Variations.UNLIMITED);
            case MISTRAL ->
                fields.isNull("sliding_window") ? Variations.UNLIMITED : fields.intOr("sliding_window", DEFAULT_WINDOW);
            case QWEN2, QWEN3, SMOLLM3 -> {
                boolean used = fields.booleanOr("use_sliding_window", false);
                int absent = family == ModelFamily.SMOLLM3 || fields.isNull("sliding_window")
                        ? Variations.UNLIMITED
                        : DEFAULT_WINDOW;
                yield used ? fields.intOr("sliding_window", absent) : Variations.UNLIMITED;
            }
        };
        if (window < 1) {
            throw fields.wrong("sliding_window", "at least 1");
        }
        if (window >= maxPositions) {
            return Variations.UNLIMITED;
        }
        if (family == ModelFamily.LLAMA || family == ModelFamily.GRANITE) {
            throw unsupported(
                    "sliding_window " + window + " below max_position_embeddings " + maxPositions,
                    "models of the model_type " + family.modelType() + " have full attention: set it to null");
        }
        return window;
    }

    /** Hugging Face's code ends with an error where a layer is to have a window and there is none, or looks at all layers alike. */
    private void requireWindowOfWindowedLayers() {
        if (!fields.has("layer_types")) {
            return;
        }
        boolean windowed = fields.texts("layer_types").contains("sliding_attention");
        boolean unused = switch (family) {
            case LLAMA, GRANITE -> true;
            case MISTRAL -> fields.isNull("sliding_window");
            case QWEN2, QWEN3 -> !fields.booleanOr("use_sliding_window", false) || fields.isNull("sliding_window");
            case SMOLLM3 -> !fields.has("sliding_window");
        };
        if (windowed && unused) {
            throw unsupported("layer_types sliding_attention without a sliding_window in use", "full_attention is");
        }
        boolean mixed = new HashSet<>(fields.texts("layer_types")).size() > 1;
        if (family == ModelFamily.MISTRAL && (mixed || !windowed && !unused)) {
            throw unsupported(
                    "layer_types full_attention beside a sliding_window", "of mistral, one for all layers is");
        }
    }

    private List<Integer> windowedLayers(List<Integer> unrotated) {
        requireListable();
        if (fields.has("layer_types")) {
            List<String> types = fields.texts("layer_types");
            requireForEachLayer("layer_types", types.size());
            for (String type : types) {
                if (!type.equals("sliding_attention") && !type.equals("full_attention")) {
                    throw unsupported("layer_types " + type, "full_attention and sliding_attention are");
                }
            }
            return layers(layer -> types.get(layer).equals("sliding_attention"));
        }
        return switch (family) {
            case SMOLLM3 -> unrotated;
            case QWEN2, QWEN3 -> {
                int full = fields.intOr("max_window_layers", 28);
                yield layers(layer -> layer >= full);
            }
            case LLAMA, GRANITE, MISTRAL -> layers(layer -> true);
        };
    }

    private List<Integer> unrotatedLayers() {
        requireListable();
        if (fields.has("no_rope_layers")) {
            List<Long> rotated = fields.sizes("no_rope_layers"); // 1 where a layer does have rotation, despite the name
            if (rotated.size() < layerCount) {
                throw fields.wrong("no_rope_layers", "a list of " + layerCount + " numbers, one for each layer");
            }
            return layers(layer -> rotated.get(layer) == 0);
        }
        int interval = fields.intOr("no_rope_layer_interval", 4);
        if (interval < 1) {
            throw fields.wrong("no_rope_layer_interval", "at least 1");
        }
        return layers(layer -> (layer + 1) % interval == 0);
    }

    private void requireListable() {
        if (layerCount > MAX_LISTED_LAYERS) {
            throw fields.wrong("num_hidden_layers", "at most " + MAX_LISTED_LAYERS);
        }
    }

    private void requireForEachLayer(String key, int size) {
        if (size != layerCount) {
            throw fields.wrong(key, "a list of " + layerCount + " entries, one for each layer");
        }
    }

    private List<Integer> layers(java.util.function.IntPredicate which) {
        return IntStream.range(0, layerCount).filter(which).boxed().toList();
    }

    private ModelFormatException unsupported(String what, String instead) {
        return new ModelFormatException(fields.file() + ": " + what + " is not supported; " + instead);
    }
}
