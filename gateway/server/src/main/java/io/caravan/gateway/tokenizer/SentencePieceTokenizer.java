package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.formats.sentencepiece.Piece;
import io.caravan.formats.sentencepiece.SentencePieceModel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A SentencePiece model as the {@code tokenizer.json} that cuts texts alike. A model of byte pairs merges the two neighbours
 * that make the piece of the highest score, so each way to make a piece of two becomes a merge, in the order of the scores.
 */
final class SentencePieceTokenizer {
    static final String FILE = "tokenizer.model";

    /** Longest piece that is made by merging; trainers stop at 16 characters unless told otherwise. */
    private static final int MAX_MERGED_CHARS = 512;

    private static final String SPACE = "\u2581";

    private final SentencePieceModel model;
    private final ObjectNode json = new ObjectMapper().createObjectNode();

    private SentencePieceTokenizer(SentencePieceModel model) {
        this.model = model;
    }

    /**
     * The text of a {@code tokenizer.json}.
     *
     * @throws TokenizerException when a piece is too long to be one
     */
    static byte[] json(SentencePieceModel model) {
        var tokenizer = new SentencePieceTokenizer(model);
        tokenizer.json.put("version", "1.0").putNull("truncation").putNull("padding");
        tokenizer.putAddedTokens();
        tokenizer.json.putNull("normalizer");
        tokenizer.putSpaces();
        tokenizer.putBeginning();
        switch (model.algorithm()) {
            case BYTE_PAIR -> tokenizer.putBytePairs();
            case UNIGRAM -> tokenizer.putUnigrams();
        }
        return tokenizer.json.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** What a text may name whole. */
    private void putAddedTokens() {
        var added = json.putArray("added_tokens");
        for (int id = 0; id < model.pieces().size(); id++) {
            Piece piece = model.pieces().get(id);
            boolean special = piece.kind() == Piece.Kind.UNKNOWN || piece.kind() == Piece.Kind.CONTROL;
            if (special || piece.kind() == Piece.Kind.USER_DEFINED) {
                added.addObject()
                        .put("id", id)
                        .put("content", piece.text())
                        .put("single_word", false)
                        .put("lstrip", false)
                        .put("rstrip", false)
                        .put("normalized", false)
                        .put("special", special);
            }
        }
    }

    private void putSpaces() {
        json.putObject("pre_tokenizer")
                .put("type", "Metaspace")
                .put("replacement", SPACE)
                .put("prepend_scheme", model.spacePrefix() ? "first" : "never")
                .put("split", false);
        var decoders = json.putObject("decoder").put("type", "Sequence").putArray("decoders");
        var restore = decoders.addObject().put("type", "Replace").put("content", " ");
        restore.putObject("pattern").put("String", SPACE);
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        if (model.spacePrefix()) {
            decoders.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
    }

    private void putBeginning() {
        if (model.bosId() < 0) {
            json.putNull("post_processor");
            return;
        }
        String bos = model.text(model.bosId());
        var processor = json.putObject("post_processor").put("type", "TemplateProcessing");
        var single = processor.putArray("single");
        single.addObject().putObject("SpecialToken").put("id", bos).put("type_id", 0);
        single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        var pair = processor.putArray("pair");
        pair.addObject().putObject("SpecialToken").put("id", bos).put("type_id", 0);
        pair.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
        var token = processor.putObject("special_tokens").putObject(bos).put("id", bos);
        token.putArray("ids").add(model.bosId());
        token.putArray("tokens").add(bos);
    }

    private void putUnigrams() {
        var unigrams = json.putObject("model").put("type", "Unigram").put("unk_id", model.unknownId());
        var vocab = unigrams.putArray("vocab");
        model.pieces().forEach(piece -> vocab.addArray().add(piece.text()).add((double) piece.score()));
        unigrams.put("byte_fallback", model.byteFallback());
    }

    private void putBytePairs() {
        var pairs = json.putObject("model")
                .put("type", "BPE")
                .put("unk_token", model.text(model.unknownId()))
                .put("fuse_unk", true)
                .put("byte_fallback", model.byteFallback());
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < model.pieces().size(); id++) {
            ids.putIfAbsent(model.text(id), id);
        }
        var vocab = pairs.putObject("vocab");
        ids.forEach(vocab::put);
        var merges = pairs.putArray("merges");
        for (Merge merge : merges(ids)) {
            merges.addArray().add(model.text(merge.left)).add(model.text(merge.right));
        }
    }

    private record Merge(float score, int left, int right) {}

    private List<Merge> merges(Map<String, Integer> ids) {
        var merges = new ArrayList<Merge>();
        for (Piece piece : model.pieces()) {
            String text = piece.text();
            if (piece.kind() != Piece.Kind.NORMAL) {
                continue;
            }
            if (text.length() > MAX_MERGED_CHARS) {
                throw new TokenizerException("a piece of " + FILE + " has " + text.length() + " characters; at most "
                        + MAX_MERGED_CHARS + " are expected");
            }
            for (int at = 1; at < text.length(); at++) {
                Integer left = ids.get(text.substring(0, at));
                Integer right = left == null ? left : ids.get(text.substring(at));
                if (right != null) {
                    merges.add(new Merge(piece.score(), left, right));
                }
            }
        }
        merges.sort(Comparator.<Merge>comparingDouble(merge -> -merge.score)
                .thenComparing(Merge::left)
                .thenComparing(Merge::right));
        return merges;
    }
}
