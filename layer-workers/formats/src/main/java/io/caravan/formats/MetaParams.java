package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.nio.file.Path;
import java.util.List;

/**
 * Meta's {@code params.json}. It leaves out much of what a model is: what its tensors tell is taken from them, and what only
 * the version of LLaMA tells (context, end tokens, rotary scaling) follows from what differs between the versions. Llama 3
 * is known by its base of rotary frequencies.
 */
final class MetaParams {
    static final String FILE = "params.json";

    private static final double LLAMA_2_THETA = 10000;
    private static final double LLAMA_3_THETA = 500000;

    /** End of text, end of message and end of turn of Llama 3. */
    private static final TokenIds LLAMA_3_ENDS = TokenIds.of(128001, 128008, 128009);

    private static final TokenIds SENTENCE_PIECE_END = TokenIds.of(2);

    private static final List<String> OTHER_ARITHMETIC =
            List.of("moe", "moe_args", "quantization_args", "lora_args", "vision_chunk_size", "qk_norm");

    private final JsonFields fields;

    private MetaParams(JsonFields fields) {
        this.fields = fields;
    }

    static MetaParams read(Path directory) {
        JsonFields root = JsonFields.read(directory.resolve(FILE));
        var params = new MetaParams(root.has("model") ? root.requireObject("model") : root);
        for (String key : OTHER_ARITHMETIC) {
            if (params.fields.has(key)) {
                throw new ModelFormatException(
                        params.fields.file() + ": " + key + " is not supported; plain LLaMA models are");
            }
        }
        if (params.fields.has("sliding_window")) {
            throw new ModelFormatException(params.fields.file() + ": sliding_window is not supported in Meta's layout;"
                    + " the model's Hugging Face folder is");
        }
        return params;
    }

    int dim() {
        return fields.requireInt("dim");
    }

    /** Vocabulary; 0 where the file leaves it to the tokenizer, which LLaMA 1 and 2 write as -1. */
    int vocabSize() {
        return Math.max(0, fields.intOr("vocab_size", 0));
    }

    /**
     * The model.
     *
     * @param vocabSize rows of the embedding
     * @param intermediateSize rows of w1
     */
    ModelSpec spec(Path directory, int vocabSize, int intermediateSize, boolean tiedEmbeddings, TensorType weightType) {
        int heads = fields.requireInt("n_heads");
        if (!fields.has("head_dim") && (heads < 1 || dim() % heads != 0)) {
            throw new ModelFormatException(
                    fields.file() + ": dim (" + dim() + ") must be a multiple of n_heads (" + heads + ")");
        }
        try {
            return new ModelSpec(
                    ModelNames.of(directory),
                    dim(),
                    intermediateSize,
                    fields.requireInt("n_layers"),
                    heads,
                    fields.intOr("n_kv_heads", heads),
                    fields.has("head_dim") ? fields.requireInt("head_dim") : dim() / heads,
                    vocabSize,
                    maxPositions(),
                    (float) fields.doubleOr("norm_eps", 1e-5),
                    theta(),
                    scaling(),
                    tiedEmbeddings,
                    theta() >= LLAMA_3_THETA && vocabSize > LLAMA_3_ENDS.get(0) ? LLAMA_3_ENDS : SENTENCE_PIECE_END,
                    weightType);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(fields.file() + ": " + e.getMessage(), e);
        }
    }

    private double theta() {
        return fields.doubleOr("rope_theta", LLAMA_2_THETA);
    }

    private boolean scaled() {
        return fields.booleanOr("use_scaled_rope", false);
    }

    /** Llama 3.1's; the narrow models of 3.2 stretch further. */
    private RopeScaling scaling() {
        double factor = fields.doubleOr("rope_scaling_factor", dim() < 4096 ? 32 : 8);
        return scaled() ? new RopeScaling.Llama3(factor, 1, 4, 8192) : new RopeScaling.None();
    }

    private int maxPositions() {
        if (fields.has("max_seq_len")) {
            return fields.requireInt("max_seq_len");
        }
        if (scaled()) {
            return 131072;
        }
        if (theta() != LLAMA_2_THETA) {
            return theta() == LLAMA_3_THETA ? 8192 : 16384; // the other base is Code Llama's
        }
        boolean llama1 = fields.doubleOr("norm_eps", 1e-5) < 1e-5
                || fields.requireInt("n_layers") == 80 && !fields.has("n_kv_heads");
        return llama1 ? 2048 : 4096;
    }
}
