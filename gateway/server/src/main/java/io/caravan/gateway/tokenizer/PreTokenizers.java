package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * How a text is cut before byte pairs are merged. GGUF files name the way ({@code tokenizer.ggml.pre}) that a
 * {@code tokenizer.json} spells out; the names are llama.cpp's.
 */
enum PreTokenizers {
    LLAMA3(
            List.of("llama-bpe", "llama3", "llama-v3", "falcon3", "smaug-bpe", "dbrx"),
            true,
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    QWEN2(
            List.of("qwen2", "deepseek-r1-qwen", "stablelm2", "megrez"),
            false,
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    TEKKEN(
            List.of("tekken"),
            true,
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                    + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
                    + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    DIGITS(
            List.of("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone"),
            false,
            "\\p{N}",
            PreTokenizers.GPT2_WORDS),
    GPT2(List.of("gpt-2", "phi-2", "olmo", "mpt", "jais", "trillion"), false, PreTokenizers.GPT2_WORDS),
    DEFAULT(
            List.of("default"),
            false,
            "[\\p{P}\\$\\+<=>\\^~\\|]+",
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)",
            "\\p{N}+",
            "[0-9][0-9][0-9]");

    private static final String GPT2_WORDS =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    private final List<String> names;
    private final boolean wholeWordsFirst;
    private final List<String> patterns;

    /** @param patterns each cuts what the one before left whole or cut out */
    PreTokenizers(List<String> names, boolean wholeWordsFirst, String... patterns) {
        this.names = names;
        this.wholeWordsFirst = wholeWordsFirst;
        this.patterns = List.of(patterns);
    }

    /**
     * The way of that name.
     *
     * @throws TokenizerException when it is not supported
     */
    static PreTokenizers named(String name) {
        for (PreTokenizers each : values()) {
            if (each.names.contains(name)) {
                return each;
            }
        }
        throw new TokenizerException("tokenizer.ggml.pre " + name + " is not supported");
    }

    /** The name that files are written with. */
    String ggufName() {
        return names.getFirst();
    }

    /** Whether a word that is a token is taken whole, without merging. */
    boolean ignoresMerges() {
        return wholeWordsFirst;
    }

    /** As {@code pre_tokenizer} of a {@code tokenizer.json}. */
    ObjectNode json(ObjectMapper mapper) {
        var sequence = mapper.createObjectNode().put("type", "Sequence");
        var steps = sequence.putArray("pretokenizers");
        for (String pattern : patterns) {
            var split = steps.addObject().put("type", "Split").put("behavior", "Isolated");
            split.put("invert", false).putObject("pattern").put("Regex", pattern);
        }
        steps.addObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
        return sequence;
    }
}
