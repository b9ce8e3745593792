package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.caravan.formats.gguf.GgufKeys;
import io.caravan.formats.gguf.GgufMetadata;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A {@code tokenizer.json} as a GGUF file's vocabulary, the opposite of {@link GgufTokenizer}. The file keeps the text of
 * the {@code tokenizer.json} too, so that nothing is lost to a reader that knows it; others find what llama.cpp needs.
 */
final class GgufVocabulary {
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    private final JsonNode json;
    private final JsonNode model;
    private final String[] tokens;
    private final int[] types;

    private GgufVocabulary(JsonNode json, int vocabSize) {
        this.json = json;
        this.model = json.path("model");
        this.tokens = new String[vocabSize];
        this.types = new int[vocabSize];
    }

    /**
     * Metadata for the text of a {@code tokenizer.json}.
     *
     * @param vocabSize rows of the model's embedding; ids without a token get one that is never used
     * @throws TokenizerException when it is no tokenizer of byte pairs
     */
    static GgufMetadata of(byte[] tokenizerJson, TokenizerConfig config, int vocabSize) {
        try {
            var vocabulary = new GgufVocabulary(new ObjectMapper().readTree(tokenizerJson), vocabSize);
            if (!vocabulary.model.path("type").asText().equals("BPE")) {
                throw new TokenizerException("a tokenizer of the kind "
                        + vocabulary.model.path("type").asText() + " has no place in GGUF; BPE has");
            }
            vocabulary.collect();
            return vocabulary
                    .metadata(config)
                    .put(GgufKeys.HUGGING_FACE_JSON, new String(tokenizerJson, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new TokenizerException("tokenizer.json is not JSON that can be read: " + e.getMessage(), e);
        }
    }

    private boolean sentencePieces() {
        return model.path("byte_fallback").asBoolean();
    }

    private void collect() {
        Arrays.fill(types, UNUSED);
        for (int id = 0; id < tokens.length; id++) {
            tokens[id] = "[PAD" + id + "]";
        }
        model.path("vocab").properties().forEach(entry -> {
            String text = entry.getKey();
            boolean isByte = sentencePieces() && text.matches("<0x[0-9A-F]{2}>");
            set(entry.getValue().asInt(-1), text, isByte ? BYTE : NORMAL);
        });
        for (JsonNode added : json.path("added_tokens")) {
            set(
                    added.path("id").asInt(-1),
                    added.path("content").asText(),
                    added.path("special").asBoolean() ? CONTROL : USER_DEFINED);
        }
        int unknown = idOf(model.path("unk_token").asText(""));
        if (unknown >= 0) {
            types[unknown] = UNKNOWN;
        }
    }

    private void set(int id, String text, int type) {
        if (id >= 0 && id < tokens.length) {
            tokens[id] = text;
            types[id] = type;
        }
    }

    private int idOf(String token) {
        return token.isEmpty() ? -1 : Arrays.asList(tokens).indexOf(token);
    }

    private GgufMetadata metadata(TokenizerConfig config) {
        List<String> merges = merges();
        var metadata = new GgufMetadata()
                .put(GgufKeys.MODEL, sentencePieces() ? "llama" : "gpt2")
                .put(GgufKeys.PRE, sentencePieces() ? "default" : pre())
                .putTexts(GgufKeys.TOKENS, List.of(tokens))
                .putInts(GgufKeys.TOKEN_TYPES, types)
                .putTexts(GgufKeys.MERGES, merges)
                .put(GgufKeys.ADD_BOS, addsBos(config));
        if (sentencePieces()) {
            metadata.putFloats(GgufKeys.SCORES, scores(merges));
            metadata.put(GgufKeys.ADD_SPACE_PREFIX, prependsSpace());
        }
        putId(metadata, GgufKeys.BOS_ID, bosToken(config));
        putId(metadata, GgufKeys.EOS_ID, config.eosToken());
        putId(metadata, GgufKeys.UNKNOWN_ID, model.path("unk_token").asText(""));
        return config.chatTemplate().isEmpty() ? metadata : metadata.put(GgufKeys.CHAT_TEMPLATE, config.chatTemplate());
    }

    private void putId(GgufMetadata metadata, String key, String token) {
        int id = idOf(token);
        if (id >= 0) {
            metadata.put(key, id);
        }
    }

    private boolean addsBos(TokenizerConfig config) {
        return switch (config.beginning()) {
            case WITH_BOS -> true;
            case WITHOUT_BOS -> false;
            case UNSAID ->
                !bosToken(config).isEmpty()
                        && json.path("post_processor").toString().contains("\"" + bosToken(config) + "\"");
        };
    }

    /** What the configuration names, or else what the tokenizer itself puts in front. */
    private String bosToken(TokenizerConfig config) {
        JsonNode first = json.path("post_processor").path("single").path(0).path("SpecialToken");
        return config.bosToken().isEmpty() ? first.path("id").asText("") : config.bosToken();
    }

    /** Older files say it as a normalizer, newer ones as the way in which texts are cut. */
    private boolean prependsSpace() {
        JsonNode cut = json.path("pre_tokenizer");
        return json.path("normalizer").toString().contains("\"Prepend\"")
                || cut.path("type").asText().equals("Metaspace")
                        && !cut.path("prepend_scheme").asText("always").equals("never")
                        && cut.path("add_prefix_space").asBoolean(true);
    }

    /** Older files write a merge as "a b", newer ones as a pair. */
    private List<String> merges() {
        var merges = new ArrayList<String>();
        for (JsonNode merge : model.path("merges")) {
            merges.add(
                    merge.isArray()
                            ? merge.path(0).asText() + " " + merge.path(1).asText()
                            : merge.asText());
        }
        return merges;
    }

    /** The earlier the merge that makes a piece, the higher its score. */
    private float[] scores(List<String> merges) {
        Map<String, Integer> ranks = new HashMap<>();
        for (int rank = 0; rank < merges.size(); rank++) {
            ranks.putIfAbsent(merges.get(rank).replace(" ", ""), rank);
        }
        var scores = new float[tokens.length];
        for (int id = 0; id < tokens.length; id++) {
            boolean made = types[id] == NORMAL || types[id] == UNUSED;
            scores[id] = made ? -1f - ranks.getOrDefault(tokens[id], merges.size()) : 0;
        }
        return scores;
    }

    /** The name of the way in which texts are cut; the default where it is none that has one. */
    private String pre() {
        String way = json.path("pre_tokenizer").toString();
        var mapper = new ObjectMapper();
        for (PreTokenizers each : List.of(PreTokenizers.LLAMA3, PreTokenizers.QWEN2, PreTokenizers.TEKKEN)) {
            JsonNode first = each.json(mapper).path("pretokenizers").path(0).path("pattern");
            if (way.contains(first.path("Regex").toString())) {
                return each.ggufName();
            }
        }
        if (way.contains("\"Digits\"")) {
            return PreTokenizers.DIGITS.ggufName();
        }
        return way.contains("\"use_regex\":true") ? PreTokenizers.GPT2.ggufName() : PreTokenizers.DEFAULT.ggufName();
    }
}
