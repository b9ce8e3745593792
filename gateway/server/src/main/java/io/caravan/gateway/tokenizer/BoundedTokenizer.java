package io.caravan.gateway.tokenizer;

import io.caravan.gateway.memory.MemoryBudget;
import io.caravan.proto.sequence.TokenIds;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;

/**
 * A tokenizer that neither texts beyond the context nor many texts at once can make take more memory than there is.
 *
 * <p>A text that may be too long is counted first, piece by piece and no further than to the bound: text of some million
 * characters is refused after the first thousands. Longest tokens alone would bound little, since many vocabularies have
 * tokens of a hundred blanks. Pieces end where words do, and a piece's tokens differ from the whole text's by a few at its
 * ends, which are forgiven; so nothing is refused that would fit, and what is let through is counted by those who check the
 * tokens themselves.
 */
public final class BoundedTokenizer implements Tokenizer {
    /** Characters counted at a time; texts up to this length are not counted. */
    static final int PIECE_CHARS = 8192;

    private static final int FORGIVEN_TOKENS = 16;

    /** What the library was seen to take, in its own memory and in the heap, with text of 1.3 million tokens. */
    private static final int BYTES_PER_TOKEN = 200;

    private static final int BYTES_PER_CHAR = 40;

    private final Tokenizer tokenizer;
    private final IntSupplier mostTokens;
    private final MemoryBudget memory;

    /**
     * Bounds {@code tokenizer}.
     *
     * @param mostTokens most tokens of a text, at this moment
     */
    public BoundedTokenizer(Tokenizer tokenizer, IntSupplier mostTokens, MemoryBudget memory) {
        this.tokenizer = tokenizer;
        this.mostTokens = mostTokens;
        this.memory = memory;
    }

    /**
     * {@inheritDoc}
     *
     * @throws ContextOverflowException when there are too many
     * @throws io.caravan.gateway.memory.NoRoomException when there is no memory for them
     */
    @Override
    public TokenIds encode(String text, boolean addSpecialTokens) {
        try (var claim = memory.claim()) {
            claim.await(bytes(text), MemoryBudget.Use.READING);
            return tokenizer.encode(text, addSpecialTokens);
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws ContextOverflowException when there are too many
     * @throws io.caravan.gateway.memory.NoRoomException when there is no memory for them
     */
    @Override
    public TokenIds encodeRendered(String text) {
        try (var claim = memory.claim()) {
            claim.await(bytes(text), MemoryBudget.Use.READING);
            return tokenizer.encodeRendered(text);
        }
    }

    @Override
    public String decode(TokenIds ids) {
        if (ids.size() <= PIECE_CHARS) {
            return tokenizer.decode(ids);
        }
        try (var claim = memory.claim()) {
            long chars = ids.stream().mapToLong(id -> piece(id).length()).sum();
            claim.await(chars * BYTES_PER_CHAR + (long) ids.size() * BYTES_PER_TOKEN, MemoryBudget.Use.READING);
            return tokenizer.decode(ids);
        }
    }

    @Override
    public String piece(int id) {
        return tokenizer.piece(id);
    }

    @Override
    public List<AddedToken> addedTokens() {
        return tokenizer.addedTokens();
    }

    @Override
    public Tokenizer renamed(Map<String, String> names) {
        return new BoundedTokenizer(tokenizer.renamed(names), mostTokens, memory);
    }

    /** What {@code text} takes while it becomes tokens. */
    private long bytes(String text) {
        int most = mostTokens.getAsInt();
        long tokens = text.length() <= Math.max(most, PIECE_CHARS) ? text.length() : count(text, most);
        return (long) text.length() * BYTES_PER_CHAR + tokens * BYTES_PER_TOKEN;
    }

    private long count(String text, int most) {
        long tokens = 0;
        long forgiven = 0;
        for (int at = 0; at < text.length(); ) {
            int end = endOfPiece(text, at);
            tokens += tokenizer.encode(text.substring(at, end), false).size();
            forgiven += FORGIVEN_TOKENS;
            if (tokens - forgiven > most) {
                throw new ContextOverflowException(most);
            }
            at = end;
        }
        return tokens;
    }

    /** Before the last blank that follows a word, or else between any two characters. */
    private static int endOfPiece(String text, int begin) {
        int most = begin + PIECE_CHARS;
        if (most >= text.length()) {
            return text.length();
        }
        for (int end = most; end > begin + PIECE_CHARS / 2; end--) {
            if (Character.isWhitespace(text.charAt(end)) && !Character.isWhitespace(text.charAt(end - 1))) {
                return end;
            }
        }
        return Character.isLowSurrogate(text.charAt(most)) ? most - 1 : most;
    }
}
