package io.caravan.formats.sentencepiece;

import io.caravan.formats.ModelFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a {@code tokenizer.model} says, as far as LLaMA and its kin use it: text is taken as it is, but for spaces, which are
 * written as U+2581; a character without a piece is spelled in bytes.
 *
 * @param pieces by token id
 * @param algorithm how a text becomes pieces
 * @param byteFallback whether what has no piece is spelled in bytes, else it is unknown
 * @param spacePrefix whether a space is put before a text
 * @param unknownId id of the piece for what has none
 * @param bosId id of the piece that begins a sequence; -1 for none
 * @param eosId id of the piece that ends one; -1 for none
 * @see <a href="https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto">sentencepiece_model.proto</a>
 */
public record SentencePieceModel(
        List<Piece> pieces,
        Algorithm algorithm,
        boolean byteFallback,
        boolean spacePrefix,
        int unknownId,
        int bosId,
        int eosId) {
    /** Largest file that is read; those of published models take a quarter of it. */
    static final long MAX_FILE_BYTES = 16L << 20;

    private static final int MAX_PIECES = 1 << 20;

    /** How a text becomes pieces. */
    public enum Algorithm {
        UNIGRAM,
        BYTE_PAIR
    }

    public SentencePieceModel {
        pieces = List.copyOf(pieces);
    }

    /** The text of a piece, empty for an id that has none. */
    public String text(int id) {
        return id >= 0 && id < pieces.size() ? pieces.get(id).text() : "";
    }

    /**
     * Reads {@code path}.
     *
     * @throws ModelFormatException when it is no such file, is damaged, or changes texts in ways that are not supported
     */
    public static SentencePieceModel read(Path path) {
        try {
            long size = Files.size(path);
            if (size > MAX_FILE_BYTES) {
                throw new ModelFormatException(path + " has " + size + " bytes; at most " + MAX_FILE_BYTES
                        + " are expected of a SentencePiece model");
            }
            return new Reader(path.toString()).read(Files.readAllBytes(path));
        } catch (IOException e) {
            throw new ModelFormatException("cannot read " + path + ": " + e, e);
        }
    }

    /** Gathers what the message has, beginning with what holds where it is silent. */
    private static final class Reader {
        private final String file;
        private final List<Piece> pieces = new ArrayList<>();
        private long algorithm = 1;
        private boolean byteFallback;
        private boolean spacePrefix = true;
        private boolean removesSpaces = true;
        private boolean escapesSpaces = true;
        private boolean spaceAsSuffix;
        private boolean changesCharacters;
        private long unknownId;
        private long bosId = 1;
        private long eosId = 2;

        Reader(String file) {
            this.file = file;
        }

        SentencePieceModel read(byte[] bytes) {
            for (var model = new ProtoFields(file, bytes); model.next(); ) {
                switch (model.number()) {
                    case 1 -> piece(model.message());
                    case 2 -> trainer(model.message());
                    case 3 -> normalizer(model.message());
                    default -> {} // what the trainer tested itself with
                }
            }
            refuseOtherWays();
            return new SentencePieceModel(
                    pieces,
                    algorithm == 1 ? Algorithm.UNIGRAM : Algorithm.BYTE_PAIR,
                    byteFallback,
                    spacePrefix,
                    id("unk_id", unknownId),
                    bosId < 0 ? -1 : id("bos_id", bosId),
                    eosId < 0 ? -1 : id("eos_id", eosId));
        }

        private void piece(ProtoFields message) {
            String text = "";
            float score = 0;
            long kind = 1;
            while (message.next()) {
                switch (message.number()) {
                    case 1 -> text = message.text();
                    case 2 -> score = message.float32();
                    case 3 -> kind = message.integer();
                    default -> {} // extensions
                }
            }
            if (text.isEmpty() || kind < 1 || kind > Piece.Kind.values().length || !Float.isFinite(score)) {
                throw wrong("piece " + pieces.size() + " must have a text, a finite score and a type of 1 to "
                        + Piece.Kind.values().length);
            }
            if (pieces.size() == MAX_PIECES) {
                throw wrong("it has more than " + MAX_PIECES + " pieces");
            }
            pieces.add(new Piece(text, score, Piece.Kind.values()[(int) kind - 1]));
        }

        private void trainer(ProtoFields spec) {
            while (spec.next()) {
                switch (spec.number()) {
                    case 3 -> algorithm = spec.integer();
                    case 24 -> spaceAsSuffix = spec.bool();
                    case 35 -> byteFallback = spec.bool();
                    case 40 -> unknownId = spec.integer();
                    case 41 -> bosId = spec.integer();
                    case 42 -> eosId = spec.integer();
                    default -> {} // how it was trained
                }
            }
        }

        private void normalizer(ProtoFields spec) {
            while (spec.next()) {
                switch (spec.number()) {
                    case 2 -> changesCharacters = spec.byteCount() > 0;
                    case 3 -> spacePrefix = spec.bool();
                    case 4 -> removesSpaces = spec.bool();
                    case 5 -> escapesSpaces = spec.bool();
                    default -> {} // its name
                }
            }
        }

        private void refuseOtherWays() {
            if (pieces.isEmpty()) {
                throw wrong("it has no pieces");
            }
            if (algorithm != 1 && algorithm != 2) {
                throw wrong("model_type " + algorithm + " is not supported; 1 (unigram) and 2 (BPE) are");
            }
            if (changesCharacters || removesSpaces || !escapesSpaces || spaceAsSuffix) {
                throw wrong("it changes texts (precompiled_charsmap, remove_extra_whitespaces, no escape_whitespaces or"
                        + " treat_whitespace_as_suffix), which is not supported; LLaMA's identity is");
            }
        }

        private int id(String name, long id) {
            if (id < 0 || id >= pieces.size()) {
                throw wrong(name + " must be one of its " + pieces.size() + " pieces, not " + id);
            }
            return (int) id;
        }

        private ModelFormatException wrong(String what) {
            return new ModelFormatException(file + " is not a SentencePiece model that can be used: " + what);
        }
    }
}
