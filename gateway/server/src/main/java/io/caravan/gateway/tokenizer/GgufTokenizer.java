package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.formats.gguf.GgufFields;
import io.caravan.formats.gguf.GgufKeys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tokenizer in a GGUF file's metadata, as the {@code tokenizer.json} that means the same: SentencePiece's byte pairs
 * with scores ({@code llama}) or byte pairs over bytes ({@code gpt2}).
 */
final class GgufTokenizer {
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final String SPACE = "▁";

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final GgufFields fields;
    private final List<String> tokens;
    private final ObjectNode json = MAPPER.createObjectNode();

    private GgufTokenizer(GgufFields fields) {
        this.fields = fields;
        this.tokens = fields.texts(GgufKeys.TOKENS);
    }

    static boolean isIn(GgufFields fields) {
        return fields.has(GgufKeys.TOKENS);
    }

    /**
     * The text of the {@code tokenizer.json}; the file's own where its writer kept that.
     *
     * @throws TokenizerException when the kind of tokenizer is not supported
     */
    static byte[] json(GgufFields fields) {
        return fields.has(GgufKeys.HUGGING_FACE_JSON)
                ? fields.requireText(GgufKeys.HUGGING_FACE_JSON).getBytes(StandardCharsets.UTF_8)
                : rebuilt(fields);
    }

    /** From the vocabulary alone. */
    static byte[] rebuilt(GgufFields fields) {
        var tokenizer = new GgufTokenizer(fields);
        tokenizer.json.put("version", "1.0").putNull("truncation").putNull("padding");
        tokenizer.putAddedTokens();
        tokenizer.json.putNull("post_processor"); // who puts BOS in front is for the configuration to say
        switch (fields.requireText(GgufKeys.MODEL)) {
            case "llama" -> tokenizer.putSentencePieces();
            case "gpt2" -> tokenizer.putBytePairs();
            case String other ->
                throw new TokenizerException("tokenizer.ggml.model " + other + " is not supported; llama and gpt2 are");
        }
        return tokenizer.json.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** What a folder's {@code tokenizer_config.json} would say. */
    static TokenizerConfig config(GgufFields fields) {
        List<String> tokens = fields.texts(GgufKeys.TOKENS);
        boolean adds = fields.booleanOr(
                GgufKeys.ADD_BOS,
                fields.textOr(GgufKeys.MODEL, "").equals("llama")
                        || fields.textOr(GgufKeys.PRE, "").startsWith("llama"));
        String bos = token(fields, tokens, GgufKeys.BOS_ID);
        return new TokenizerConfig(
                adds && !bos.isEmpty() ? TokenizerConfig.Beginning.WITH_BOS : TokenizerConfig.Beginning.WITHOUT_BOS,
                bos,
                token(fields, tokens, GgufKeys.EOS_ID),
                fields.textOr(GgufKeys.CHAT_TEMPLATE, ""));
    }

    /** What a folder's {@code generation_config.json} would recommend. */
    static SamplingDefaults defaults(GgufFields fields) {
        var plain = SamplingDefaults.PLAIN;
        return new SamplingDefaults(
                (float) fields.doubleOr(GgufKeys.TEMPERATURE, plain.temperature()),
                (int) fields.doubleOr(GgufKeys.TOP_K, plain.topK()),
                (float) fields.doubleOr(GgufKeys.TOP_P, plain.topP()),
                (float) fields.doubleOr(GgufKeys.MIN_P, plain.minP()),
                (float) fields.doubleOr(GgufKeys.REPETITION_PENALTY, plain.repetitionPenalty()));
    }

    private static String token(GgufFields fields, List<String> tokens, String key) {
        int id = fields.intOr(key, -1);
        return id >= 0 && id < tokens.size() ? tokens.get(id) : "";
    }

    private void putAddedTokens() {
        var added = json.putArray("added_tokens");
        int[] types = fields.has(GgufKeys.TOKEN_TYPES) ? fields.ints(GgufKeys.TOKEN_TYPES) : new int[0];
        for (int id = 0; id < Math.min(types.length, tokens.size()); id++) {
            if (types[id] == UNKNOWN || types[id] == CONTROL || types[id] == USER_DEFINED) {
                added.addObject()
                        .put("id", id)
                        .put("content", tokens.get(id))
                        .put("single_word", false)
                        .put("lstrip", false)
                        .put("rstrip", false)
                        .put("normalized", false)
                        .put("special", types[id] != USER_DEFINED);
            }
        }
    }

    private void putSentencePieces() {
        boolean prefix = fields.booleanOr(GgufKeys.ADD_SPACE_PREFIX, true);
        var normalizers = json.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (prefix) {
            normalizers.addObject().put("type", "Prepend").put("prepend", SPACE);
        }
        var replace = normalizers.addObject().put("type", "Replace").put("content", SPACE);
        replace.putObject("pattern").put("String", " ");
        json.putNull("pre_tokenizer");
        var decoders = json.putObject("decoder").put("type", "Sequence").putArray("decoders");
        var restore = decoders.addObject().put("type", "Replace").put("content", " ");
        restore.putObject("pattern").put("String", SPACE);
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        if (prefix) {
            decoders.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
        var model = putModel(true);
        String unknown = token(fields, tokens, GgufKeys.UNKNOWN_ID);
        if (!unknown.isEmpty()) {
            model.put("unk_token", unknown);
        }
        var merges = model.putArray("merges");
        (fields.has(GgufKeys.MERGES) ? fields.texts(GgufKeys.MERGES) : mergesOfScores()).forEach(merges::add);
    }

    private void putBytePairs() {
        var way = PreTokenizers.named(fields.textOr(GgufKeys.PRE, "default"));
        json.putNull("normalizer");
        json.set("pre_tokenizer", way.json(MAPPER));
        json.putObject("decoder")
                .put("type", "ByteLevel")
                .put("add_prefix_space", true)
                .put("trim_offsets", true)
                .put("use_regex", true);
        var model = putModel(false).put("ignore_merges", way.ignoresMerges());
        var merges = model.putArray("merges");
        fields.texts(GgufKeys.MERGES).forEach(merges::add);
    }

    private ObjectNode putModel(boolean byteFallback) {
        var model = json.putObject("model")
                .put("type", "BPE")
                .putNull("dropout")
                .putNull("unk_token")
                .putNull("continuing_subword_prefix")
                .putNull("end_of_word_suffix")
                .put("fuse_unk", byteFallback)
                .put("byte_fallback", byteFallback)
                .put("ignore_merges", false);
        var vocab = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocab.put(tokens.get(id), id);
        }
        return model;
    }

    /** Two pieces merge where their union is a piece; the piece of the highest score first. */
    private List<String> mergesOfScores() {
        float[] scores = fields.floats(GgufKeys.SCORES);
        int[] types = fields.has(GgufKeys.TOKEN_TYPES) ? fields.ints(GgufKeys.TOKEN_TYPES) : new int[scores.length];
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            ids.putIfAbsent(tokens.get(id), id);
        }
        record Merge(float score, int left, int right) {}
        var merges = new ArrayList<Merge>();
        var unmerged = Set.of(UNKNOWN, CONTROL);
        for (int id = 0; id < Math.min(scores.length, tokens.size()); id++) {
            String piece = tokens.get(id);
            boolean mergeable = id >= types.length || !unmerged.contains(types[id]);
            for (int at = 1; mergeable && at < piece.length(); at++) {
                Integer left = ids.get(piece.substring(0, at));
                Integer right = ids.get(piece.substring(at));
                if (left != null && right != null) {
                    merges.add(new Merge(scores[id], left, right));
                }
            }
        }
        merges.sort(Comparator.<Merge>comparingDouble(each -> -each.score())
                .thenComparing(Merge::left)
                .thenComparing(Merge::right));
        return merges.stream()
                .map(each -> tokens.get(each.left()) + " " + tokens.get(each.right()))
                .filter(each -> each.indexOf(' ') == each.lastIndexOf(' '))
                .toList();
    }
}
