package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The {@code tokenizer.model} of Llama 3: a line for each token, its bytes in Base64 and its rank, which is its id and the
 * order of merging. Special tokens follow the last of them; they are not in the file, but the same in all of Llama 3's.
 *
 * @param tokens the bytes of each rank, as the characters that stand for them in a {@code tokenizer.json}
 */
record TiktokenVocabulary(List<String> tokens) {
    private static final long MAX_FILE_BYTES = 16L << 20;
    private static final int MAX_TOKEN_BYTES = 512;
    private static final int SPECIAL_COUNT = 256;

    /** By their place after the ordinary tokens; the others are reserved. */
    private static final Map<Integer, String> SPECIAL = Map.of(
            0, "<|begin_of_text|>",
            1, "<|end_of_text|>",
            4, "<|finetune_right_pad_id|>",
            6, "<|start_header_id|>",
            7, "<|end_header_id|>",
            8, "<|eom_id|>",
            9, "<|eot_id|>",
            10, "<|python_tag|>");

    private static final String WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final String[] CHARACTERS = characters();

    /** Whether {@code file} begins as one of this kind does, and not as a SentencePiece model. */
    static boolean isIn(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            String start = new String(in.readNBytes(MAX_TOKEN_BYTES), StandardCharsets.ISO_8859_1);
            return start.matches("(?s)[A-Za-z0-9+/]+=* \\d+\\r?\\n.*");
        } catch (IOException e) {
            throw new TokenizerException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Reads {@code file}.
     *
     * @throws TokenizerException when it is damaged
     */
    static TiktokenVocabulary read(Path file) {
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw new TokenizerException(
                        file + " has more than " + MAX_FILE_BYTES + " bytes, too many for a tokenizer");
            }
            var tokens = new ArrayList<String>();
            for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                if (!line.isEmpty()) {
                    tokens.add(token(file, line, tokens.size()));
                }
            }
            return new TiktokenVocabulary(List.copyOf(tokens));
        } catch (IOException e) {
            throw new TokenizerException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static String token(Path file, String line, int rank) {
        int space = line.indexOf(' ');
        try {
            byte[] bytes = Base64.getDecoder().decode(line.substring(0, Math.max(0, space)));
            boolean inOrder = line.substring(space + 1).strip().equals(Integer.toString(rank));
            if (inOrder && bytes.length > 0 && bytes.length <= MAX_TOKEN_BYTES) {
                var text = new StringBuilder();
                for (byte each : bytes) {
                    text.append(CHARACTERS[each & 0xff]);
                }
                return text.toString();
            }
        } catch (IllegalArgumentException e) {
            throw new TokenizerException(file + ": line " + (rank + 1) + " has no Base64", e);
        }
        throw new TokenizerException(file + ": line " + (rank + 1) + " must be a token of 1 to " + MAX_TOKEN_BYTES
                + " bytes in Base64 and the rank " + rank);
    }

    /** The text of a {@code tokenizer.json}. */
    byte[] json() {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("version", "1.0").putNull("truncation").putNull("padding");
        var added = json.putArray("added_tokens");
        int reserved = 0;
        for (int i = 0; i < SPECIAL_COUNT; i++) {
            String text = SPECIAL.containsKey(i) ? SPECIAL.get(i) : "<|reserved_special_token_" + reserved++ + "|>";
            added.addObject()
                    .put("id", tokens.size() + i)
                    .put("content", text)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        json.putNull("normalizer");
        var steps = json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        var split = steps.addObject()
                .put("type", "Split")
                .put("behavior", "Isolated")
                .put("invert", false);
        split.putObject("pattern").put("Regex", WORDS);
        steps.addObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
        putBeginning(json);
        json.putObject("decoder")
                .put("type", "ByteLevel")
                .put("add_prefix_space", true)
                .put("trim_offsets", true)
                .put("use_regex", true);
        putModel(json);
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    private void putBeginning(ObjectNode json) {
        String bos = SPECIAL.get(0);
        var processor = json.putObject("post_processor").put("type", "TemplateProcessing");
        for (String way : List.of("single", "pair")) {
            var template = processor.putArray(way);
            template.addObject().putObject("SpecialToken").put("id", bos).put("type_id", 0);
            template.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
            if (way.equals("pair")) {
                template.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
            }
        }
        var token = processor.putObject("special_tokens").putObject(bos).put("id", bos);
        token.putArray("ids").add(tokens.size());
        token.putArray("tokens").add(bos);
    }

    private void putModel(ObjectNode json) {
        var model = json.putObject("model")
                .put("type", "BPE")
                .put("ignore_merges", true)
                .put("byte_fallback", false);
        Map<String, Integer> ranks = new HashMap<>();
        for (int rank = 0; rank < tokens.size(); rank++) {
            ranks.putIfAbsent(tokens.get(rank), rank);
        }
        var vocab = model.putObject("vocab");
        ranks.forEach(vocab::put);
        record Merge(int left, int right) {}
        var merges = model.putArray("merges");
        for (String token : tokens) {
            var ways = new ArrayList<Merge>();
            for (int at = 1; at < token.length(); at++) {
                Integer left = ranks.get(token.substring(0, at));
                Integer right = left == null ? left : ranks.get(token.substring(at));
                if (right != null) {
                    ways.add(new Merge(left, right));
                }
            }
            ways.sort(Comparator.comparing(Merge::left).thenComparing(Merge::right));
            ways.forEach(merge -> merges.addArray().add(tokens.get(merge.left)).add(tokens.get(merge.right)));
        }
    }

    /** Bytes that are no visible characters of Latin-1 are written as those from U+0100 on, in their order. */
    private static String[] characters() {
        var characters = new String[256];
        int next = 256;
        for (int each = 0; each < characters.length; each++) {
            boolean visible = each >= '!' && each <= '~' || each >= 0xa1 && each <= 0xac || each >= 0xae;
            characters[each] = Character.toString(visible ? each : next++);
        }
        return characters;
    }
}
