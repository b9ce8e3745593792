package io.caravan.formats.gguf;

import io.caravan.formats.ModelFormatException;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads a model's shape from metadata. As of a Hugging Face configuration, what would need other arithmetic is refused by
 * name, because a model that runs with a feature left out answers nonsense without an error.
 */
final class GgufConfig {
    static final String EOS_ID = "tokenizer.ggml.eos_token_id";

    private static final List<String> EOS_KEYS =
            List.of(EOS_ID, "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id");

    /** Tokens that end a turn in models whose files name one of several only. */
    private static final Set<String> EOS_TEXTS = Set.of(
            "<|eot_id|>",
            "<|eom_id|>",
            "<|im_end|>",
            "<|end|>",
            "<|end_of_text|>",
            "<|endoftext|>",
            "<end_of_turn>",
            "<EOT>");

    /** Absent where the head is the embedding. */
    private static final String HEAD = "output.weight";

    private final GgufFields fields;
    private final GgufArchitecture architecture;
    private final String prefix;

    private GgufConfig(GgufFields fields, GgufArchitecture architecture) {
        this.fields = fields;
        this.architecture = architecture;
        this.prefix = architecture.key() + ".";
    }

    /**
     * The model that {@code fields} describe.
     *
     * @param vocabSize rows of the embedding
     * @param ropeFactors divisors of the rotary frequencies; none where the file has no such tensor
     * @param tensors names in the file
     */
    static ModelSpec read(
            GgufFields fields,
            GgufArchitecture architecture,
            String name,
            int vocabSize,
            float[] ropeFactors,
            Set<String> tensors) {
        var config = new GgufConfig(fields, architecture);
        config.refuseOtherArithmetic();
        try {
            return config.spec(name, vocabSize, ropeFactors, tensors);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(fields.file() + ": " + e.getMessage(), e);
        }
    }

    private ModelSpec spec(String name, int vocabSize, float[] ropeFactors, Set<String> tensors) {
        int hidden = fields.requireInt(prefix + "embedding_length");
        int heads = fields.uniformInt(prefix + "attention.head_count");
        int headDim = headDim(hidden, heads);
        int declaredPositions = fields.requireInt(prefix + "context_length");
        int layers = fields.requireInt(prefix + "block_count");
        if (layers > tensors.size()) {
            throw new ModelFormatException(fields.file() + ": metadata " + prefix + "block_count says " + layers
                    + ", but there are only " + tensors.size() + " tensors");
        }
        double theta = fields.doubleOr(prefix + "rope.freq_base", 10000);
        RopeScaling scaling = new GgufRope(fields, prefix).scaling(ropeFactors, headDim, theta, declaredPositions);
        int maxPositions = scaling.context(declaredPositions);
        return new ModelSpec(
                name,
                hidden,
                fields.uniformInt(prefix + "feed_forward_length"),
                layers,
                heads,
                fields.has(prefix + "attention.head_count_kv")
                        ? fields.uniformInt(prefix + "attention.head_count_kv")
                        : heads,
                headDim,
                vocabSize,
                maxPositions,
                (float) fields.doubleOr(prefix + "attention.layer_norm_rms_epsilon", 1e-6),
                theta,
                scaling,
                !tensors.contains(HEAD),
                eosTokenIds(),
                TensorType.F32,
                GgufVariations.read(fields, architecture, tensors, layers, headDim, maxPositions));
    }

    private int headDim(int hidden, int heads) {
        String key = prefix + "attention.key_length";
        if (!fields.has(key) && (heads < 1 || hidden % heads != 0)) {
            throw unsupported(
                    prefix + "embedding_length " + hidden + " that is no multiple of the number of heads, " + heads,
                    key + " must be given then");
        }
        int headDim = fields.has(key) ? fields.requireInt(key) : hidden / heads;
        if (fields.intOr(prefix + "attention.value_length", headDim) != headDim) {
            throw unsupported("values of another length than keys", "equal ones are");
        }
        if (fields.intOr(prefix + "rope.dimension_count", headDim) != headDim) {
            throw unsupported(prefix + "rope.dimension_count other than " + headDim, "rotation of whole heads is");
        }
        return headDim;
    }

    private void refuseOtherArithmetic() {
        refuseUnless("expert_count", 0, "models without experts are");
        refuseUnless("attention.clamp_kqv", 0, "models without it are");
        refuseUnless("attention.max_alibi_bias", 0, "rotary positions are");
        refuseUnless("attn_logit_softcapping", 0, "models without it are");
        refuseUnless("final_logit_softcapping", 0, "models without it are");
        if (!fields.booleanOr(prefix + "attention.causal", true)) {
            throw unsupported(prefix + "attention.causal false", "causal attention is");
        }
        if (fields.booleanOr(prefix + "use_parallel_residual", false)) {
            throw unsupported(prefix + "use_parallel_residual", "one residual after the other is");
        }
    }

    private void refuseUnless(String key, double harmless, String instead) {
        if (fields.doubleOr(prefix + key, harmless) != harmless) {
            throw unsupported(prefix + key, instead);
        }
    }

    private TokenIds eosTokenIds() {
        if (fields.has(GgufKeys.EOS_IDS)) {
            return TokenIds.of(fields.ints(GgufKeys.EOS_IDS));
        }
        var ids = new LinkedHashSet<Integer>();
        for (String key : EOS_KEYS) {
            if (fields.has(key)) {
                ids.add(fields.requireInt(key));
            }
        }
        if (fields.has("tokenizer.ggml.tokens")) {
            List<String> tokens = fields.texts("tokenizer.ggml.tokens");
            for (int id = 0; id < tokens.size(); id++) {
                if (EOS_TEXTS.contains(tokens.get(id))) {
                    ids.add(id);
                }
            }
        }
        return TokenIds.of(ids.stream().mapToInt(Integer::intValue).toArray());
    }

    private ModelFormatException unsupported(String what, String instead) {
        return new ModelFormatException(fields.file() + ": " + what + " is not supported; " + instead);
    }
}
