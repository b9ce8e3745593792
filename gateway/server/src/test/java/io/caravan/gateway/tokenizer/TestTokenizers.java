package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.gateway.TinyChat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Tokenizers of the kinds that LLaMA models come with. */
final class TestTokenizers {
    /** What {@link #json} knows. */
    static final List<String> KINDS = List.of("tiny", "prefixed", "bytes");

    private static final ObjectMapper JSON = new ObjectMapper();

    private TestTokenizers() {}

    /** SentencePiece with byte fallback, no space in front of a text: tiny-chat's own. */
    static Tokenizer withoutLeadingSpace() {
        return HuggingFaceTokenizer.open(TinyChat.directory(), TokenizerConfig.read(TinyChat.directory()));
    }

    /** As Llama 2's: a space goes in front of each text, and its decoder strips it again. */
    static Tokenizer withLeadingSpace(Path directory) {
        return written(directory, json("prefixed"));
    }

    /** As Llama 3's: byte pairs over bytes, of which a character may need several. */
    static Tokenizer byteLevel(Path directory) {
        return written(directory, json("bytes"));
    }

    /** The tokenizer.json of a kind. */
    static ObjectNode json(String kind) {
        try {
            return switch (kind) {
                case "tiny" ->
                    (ObjectNode) JSON.readTree(
                            TinyChat.directory().resolve("tokenizer.json").toFile());
                case "prefixed" -> prefixed();
                case "bytes" -> bytes();
                default -> throw new IllegalArgumentException(kind);
            };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode prefixed() throws IOException {
        ObjectNode json = json("tiny");
        json.set("normalizer", JSON.readTree("""
                    {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                     {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}"""));
        json.set("decoder", JSON.readTree("""
                    {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                     {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}"""));
        return json;
    }

    private static ObjectNode bytes() throws IOException {
        var json = (ObjectNode) JSON.readTree("""
                    {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [
                       {"id": 260, "content": "<|begin|>", "single_word": false, "lstrip": false, "rstrip": false,
                        "normalized": false, "special": true}],
                     "normalizer": null,
                     "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
                     "post_processor": null,
                     "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
                     "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                       "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                       "vocab": {}, "merges": ["Ġ t", "Ġt h", "Ã ©", "ð Ł"]}}""");
        var vocab = (ObjectNode) json.path("model").path("vocab");
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean shown = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            vocab.put(String.valueOf((char) (shown ? b : next++)), b);
        }
        Map.of("Ġt", 256, "Ġth", 257, "Ã©", 258, "ðŁ", 259).forEach(vocab::put);
        return json;
    }

    private static Tokenizer written(Path directory, ObjectNode json) {
        try {
            Files.createDirectories(directory);
            JSON.writeValue(directory.resolve("tokenizer.json").toFile(), json);
            return HuggingFaceTokenizer.open(directory, TokenizerConfig.ABSENT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
