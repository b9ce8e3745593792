package io.caravan.formats.gguf;

/** The metadata that describes a file's tokenizer and how its answers are drawn. */
public final class GgufKeys {
    public static final String MODEL = "tokenizer.ggml.model";
    public static final String PRE = "tokenizer.ggml.pre";
    public static final String TOKENS = "tokenizer.ggml.tokens";
    public static final String TOKEN_TYPES = "tokenizer.ggml.token_type";
    public static final String SCORES = "tokenizer.ggml.scores";
    public static final String MERGES = "tokenizer.ggml.merges";
    public static final String BOS_ID = "tokenizer.ggml.bos_token_id";
    public static final String EOS_ID = "tokenizer.ggml.eos_token_id";
    /** Ours: every token that ends an answer, where a model has another number of them than one. */
    public static final String EOS_IDS = "caravan.eos_token_ids";

    public static final String UNKNOWN_ID = "tokenizer.ggml.unknown_token_id";
    public static final String ADD_BOS = "tokenizer.ggml.add_bos_token";
    public static final String ADD_SPACE_PREFIX = "tokenizer.ggml.add_space_prefix";
    public static final String CHAT_TEMPLATE = "tokenizer.chat_template";

    /** The whole {@code tokenizer.json}, where a writer kept it. */
    public static final String HUGGING_FACE_JSON = "tokenizer.huggingface.json";

    public static final String TEMPERATURE = "general.sampling.temp";
    public static final String TOP_K = "general.sampling.top_k";
    public static final String TOP_P = "general.sampling.top_p";
    public static final String MIN_P = "general.sampling.min_p";
    public static final String REPETITION_PENALTY = "general.sampling.penalty_repeat";

    private GgufKeys() {}
}
