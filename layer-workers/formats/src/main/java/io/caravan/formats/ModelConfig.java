package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Reads {@code config.json} and {@code generation_config.json}. What is absent has the value that the {@link ModelFamily}
 * gives it; what would need other arithmetic than a LLaMA layer and its {@link io.caravan.proto.model.Variations} have is
 * refused by name, because a model that runs with a feature left out answers nonsense without an error.
 */
public final class ModelConfig {
    private final JsonFields fields;
    private final ModelFamily family;

    private ModelConfig(JsonFields fields, ModelFamily family) {
        this.fields = fields;
        this.family = family;
    }

    /**
     * The model that the configuration in {@code directory} describes; its weight type is the declared one, which the
     * tensors need not follow.
     *
     * @throws ModelFormatException when a value is missing, has the wrong type, or asks for what is not supported
     */
    public static ModelSpec read(Path directory) {
        Path path = directory.resolve(CheckpointFiles.CONFIG);
        if (!Files.exists(path)) {
            throw new ModelFormatException(directory + " has no " + CheckpointFiles.CONFIG
                    + "; a Hugging Face checkpoint has it beside its safetensors");
        }
        JsonFields fields = JsonFields.read(path);
        var config = new ModelConfig(fields, ModelFamily.of(fields));
        config.refuseOtherArithmetic();
        try {
            return config.spec(directory);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(path + ": " + e.getMessage(), e);
        }
    }

    private void refuseOtherArithmetic() {
        ForeignFields.refuse(fields, family);
        if (fields.doubleOr("partial_rotary_factor", 1) != 1) {
            throw unsupported("a partial_rotary_factor other than 1", "rotation of whole heads is");
        }
        if (fields.booleanOr("use_mrope", false)) {
            throw unsupported("use_mrope true", "rotation by one position is");
        }
    }

    private ModelSpec spec(Path directory) {
        int hidden = fields.intOr("hidden_size", family.hiddenSize);
        int heads = fields.intOr("num_attention_heads", family.headCount);
        int absentKvHeads =
                family.kvHeadCount == 0 || fields.isNull("num_key_value_heads") ? heads : family.kvHeadCount;
        int layerCount = fields.intOr("num_hidden_layers", family.layerCount);
        int declaredPositions = fields.intOr("max_position_embeddings", family.maxPositions);
        int headDim = headDim(hidden, heads);
        var rope = RopeConfig.read(fields, family.ropeTheta, declaredPositions);
        int maxPositions = rope.scaling().context(declaredPositions);
        var spec = new ModelSpec(
                ModelNames.of(directory),
                hidden,
                fields.intOr("intermediate_size", family.intermediateSize),
                layerCount,
                heads,
                fields.intOr("num_key_value_heads", absentKvHeads),
                headDim,
                fields.intOr("vocab_size", family.vocabSize),
                maxPositions,
                (float) fields.doubleOr("rms_norm_eps", 1e-6),
                rope.theta(),
                rope.scaling(),
                fields.booleanOr("tie_word_embeddings", family.tiedEmbeddings),
                eosTokenIds(directory),
                declaredType(),
                VariationsConfig.read(fields, family, layerCount, headDim, maxPositions));
        if ((long) heads * spec.headDim() > Integer.MAX_VALUE) {
            throw new ModelFormatException(fields.file() + ": num_attention_heads (" + heads + ") times head_dim ("
                    + spec.headDim() + ") is beyond 2^31");
        }
        return spec;
    }

    private int headDim(int hidden, int heads) {
        if (fields.has("head_dim") || heads < 1 || hidden < 1) {
            return fields.intOr("head_dim", 1);
        }
        if (family == ModelFamily.QWEN3) {
            return 128;
        }
        if (hidden % heads != 0) {
            throw new ModelFormatException(fields.file() + ": hidden_size (" + hidden
                    + ") must be a multiple of num_attention_heads (" + heads + "), or head_dim must be given");
        }
        return hidden / heads;
    }

    /** Both files may name tokens that end an answer; a model may stop at any of them. */
    private TokenIds eosTokenIds(Path directory) {
        var ids = new LinkedHashSet<Integer>();
        addEos(fields, ids);
        boolean named = fields.has("eos_token_id") || fields.isNull("eos_token_id");
        Path path = directory.resolve(CheckpointFiles.GENERATION_CONFIG);
        if (Files.exists(path)) {
            JsonFields generation = JsonFields.read(path);
            addEos(generation, ids);
            named |= generation.has("eos_token_id");
        }
        return named ? TokenIds.of(ids.stream().mapToInt(Integer::intValue).toArray()) : family.eosTokenIds;
    }

    private static void addEos(JsonFields source, LinkedHashSet<Integer> ids) {
        if (source.has("eos_token_id")) {
            List<Integer> found = source.tokenIds("eos_token_id");
            if (found.stream().anyMatch(id -> id < 0)) {
                throw source.wrong("eos_token_id", "a token id or a list of them, each at least 0");
            }
            ids.addAll(found);
        }
    }

    private TensorType declaredType() {
        for (String key : List.of("dtype", "torch_dtype")) {
            switch (fields.isText(key) ? fields.requireText(key) : "") {
                case "float16" -> {
                    return TensorType.F16;
                }
                case "bfloat16" -> {
                    return TensorType.BF16;
                }
                case "float32" -> {
                    return TensorType.F32;
                }
                default -> {} // absent, or a type that the tensors will be refused for
            }
        }
        return TensorType.F32;
    }

    private ModelFormatException unsupported(String what, String instead) {
        return new ModelFormatException(fields.file() + ": " + what + " is not supported; " + instead);
    }
}
