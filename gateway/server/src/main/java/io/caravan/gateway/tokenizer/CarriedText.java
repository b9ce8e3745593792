package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.formats.Checkpoints;
import io.caravan.formats.gguf.GgufFields;
import io.caravan.formats.gguf.GgufKeys;
import io.caravan.formats.gguf.GgufMetadata;
import io.caravan.formats.gguf.GgufModel;
import io.caravan.proto.model.ModelSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What belongs to a model's text (tokenizer, chat template, recommended sampling), carried to another format. */
public final class CarriedText {
    private static final List<String> FILES = List.of(
            HuggingFaceTokenizer.FILE,
            "tokenizer.model",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "chat_template.jinja",
            "chat_template.json",
            "generation_config.json");

    private CarriedText() {}

    /**
     * As metadata of a GGUF file; none where the model has no tokenizer that GGUF has a place for.
     *
     * @throws TokenizerException when a file of it is broken
     */
    public static GgufMetadata toGguf(Path source, ModelSpec spec) {
        if (Checkpoints.isGguf(source)) {
            try (Arena arena = Arena.ofConfined()) {
                GgufFields fields = GgufModel.fields(source, arena);
                return new GgufMetadata().putAll(fields, "tokenizer.").putAll(fields, "general.sampling.");
            }
        }
        var metadata = new GgufMetadata();
        for (byte[] tokenizer : tokenizerJson(source)) {
            metadata.putAll(GgufVocabulary.of(tokenizer, TokenizerConfig.read(source), spec.vocabSize()));
            // the file has no other place for ends that are named as texts
            metadata.putInts(
                    GgufKeys.EOS_IDS,
                    ServedModel.openFolder(source, spec).endTokens().toArray());
        }
        var defaults = SamplingDefaults.read(source);
        var plain = SamplingDefaults.PLAIN;
        put(metadata, GgufKeys.TEMPERATURE, defaults.temperature(), plain.temperature());
        put(metadata, GgufKeys.TOP_P, defaults.topP(), plain.topP());
        put(metadata, GgufKeys.MIN_P, defaults.minP(), plain.minP());
        put(metadata, GgufKeys.REPETITION_PENALTY, defaults.repetitionPenalty(), plain.repetitionPenalty());
        return defaults.topK() == plain.topK() ? metadata : metadata.put(GgufKeys.TOP_K, defaults.topK());
    }

    /** The text of the folder's tokenizer; a list of one, or of none where it has no tokenizer. */
    private static List<byte[]> tokenizerJson(Path folder) {
        Path json = folder.resolve(HuggingFaceTokenizer.FILE);
        Path pieces = folder.resolve(SentencePieceTokenizer.FILE);
        if (Files.isRegularFile(json)) {
            return List.of(read(json));
        }
        return Files.isRegularFile(pieces) ? List.of(FolderTokenizer.json(pieces)) : List.of();
    }

    private static void put(GgufMetadata metadata, String key, float value, float plain) {
        if (value != plain) {
            metadata.put(key, value);
        }
    }

    /**
     * As files of a folder in Hugging Face's layout, by name.
     *
     * @throws TokenizerException when the tokenizer is not supported
     */
    public static Map<String, byte[]> toFiles(Path source, ModelSpec spec) {
        var files = new LinkedHashMap<String, byte[]>();
        if (!Checkpoints.isGguf(source)) {
            for (String name : FILES) {
                if (Files.isRegularFile(source.resolve(name))) {
                    files.put(name, read(source.resolve(name)));
                }
            }
            return files;
        }
        try (Arena arena = Arena.ofConfined()) {
            GgufFields fields = GgufModel.fields(source, arena);
            if (GgufTokenizer.isIn(fields)) {
                files.put(HuggingFaceTokenizer.FILE, GgufTokenizer.json(fields));
                files.put("tokenizer_config.json", encoded(config(GgufTokenizer.config(fields))));
            }
            files.put("generation_config.json", encoded(sampling(spec, GgufTokenizer.defaults(fields))));
            return files;
        }
    }

    /** What is there, by name, for people to read. */
    public static Map<String, String> describe(Path source) {
        if (!Checkpoints.isGguf(source)) {
            String tokenizer = Stream.of(HuggingFaceTokenizer.FILE, SentencePieceTokenizer.FILE)
                    .filter(name -> Files.isRegularFile(source.resolve(name)))
                    .findFirst()
                    .orElse("none");
            return described(tokenizer, TokenizerConfig.read(source));
        }
        try (Arena arena = Arena.ofConfined()) {
            GgufFields fields = GgufModel.fields(source, arena);
            return GgufTokenizer.isIn(fields)
                    ? described(
                            fields.textOr(GgufKeys.MODEL, "") + ", " + fields.textOr(GgufKeys.PRE, "default"),
                            GgufTokenizer.config(fields))
                    : described("none", TokenizerConfig.ABSENT);
        }
    }

    private static Map<String, String> described(String tokenizer, TokenizerConfig config) {
        var facts = new LinkedHashMap<String, String>();
        facts.put("tokenizer", tokenizer);
        facts.put("chat-template", config.chatTemplate().isEmpty() ? "none" : config.chatTemplate());
        return facts;
    }

    private static ObjectNode config(TokenizerConfig config) {
        var json = new ObjectMapper().createObjectNode().put("tokenizer_class", "PreTrainedTokenizerFast");
        json.put("add_bos_token", config.beginning() == TokenizerConfig.Beginning.WITH_BOS);
        for (var token : Map.of("bos_token", config.bosToken(), "eos_token", config.eosToken())
                .entrySet()) {
            if (!token.getValue().isEmpty()) {
                json.put(token.getKey(), token.getValue());
            }
        }
        return config.chatTemplate().isEmpty() ? json : json.put("chat_template", config.chatTemplate());
    }

    private static ObjectNode sampling(ModelSpec spec, SamplingDefaults defaults) {
        var json = new ObjectMapper().createObjectNode();
        var eos = json.putArray("eos_token_id");
        spec.eosTokenIds().stream().forEach(eos::add);
        return json.put("do_sample", defaults.temperature() != 0)
                .put("temperature", defaults.temperature())
                .put("top_k", defaults.topK())
                .put("top_p", defaults.topP())
                .put("min_p", defaults.minP())
                .put("repetition_penalty", defaults.repetitionPenalty());
    }

    private static byte[] encoded(ObjectNode json) {
        return json.toPrettyString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read", e);
        }
    }
}
