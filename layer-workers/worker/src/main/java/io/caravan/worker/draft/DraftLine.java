package io.caravan.worker.draft;

import io.caravan.proto.sequence.TokenIds;
import java.util.Arrays;

/** A sequence as the draft model knows it: tokens that are certain, then guesses, and how far they are computed. */
final class DraftLine {
    private int[] tokens = new int[64]; // [count]
    private int count;
    private int computed;
    private int[] blocks = new int[8]; // [blockCount]
    private int blockCount;

    int count() {
        return count;
    }

    /** Tokens whose keys and values are in the blocks. */
    int computed() {
        return computed;
    }

    int blockCount() {
        return blockCount;
    }

    /**
     * The certain tokens from {@code from} on, which is at most {@link #count}. Guesses that were right stay, and what was
     * computed for them.
     */
    void tell(int from, TokenIds certain) {
        for (int i = 0; i < certain.size(); i++) {
            int position = from + i;
            if (position >= count || tokens[position] != certain.get(i)) {
                computed = Math.min(computed, position);
                count = position;
                append(certain.get(i));
            }
        }
    }

    void append(int token) {
        if (count == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * count);
        }
        tokens[count++] = token;
    }

    TokenIds slice(int from, int to) {
        return TokenIds.of(Arrays.copyOfRange(tokens, from, to));
    }

    void computedTo(int end) {
        computed = end;
    }

    void addBlock(int block) {
        if (blockCount == blocks.length) {
            blocks = Arrays.copyOf(blocks, 2 * blockCount);
        }
        blocks[blockCount++] = block;
    }

    TokenIds blocks() {
        return TokenIds.copyOf(blocks, blockCount);
    }

    /** Gives the blocks up, and what was computed in them. */
    TokenIds releaseBlocks() {
        TokenIds released = blocks();
        blockCount = 0;
        computed = 0;
        return released;
    }
}
