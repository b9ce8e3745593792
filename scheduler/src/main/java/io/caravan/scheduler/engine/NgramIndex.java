package io.caravan.scheduler.engine;

import io.caravan.proto.draft.TokenLog;
import io.caravan.proto.sequence.TokenIds;

/**
 * Where in a sequence each n-gram stood last, for a few n. It grows with the sequence: a step indexes only what is new.
 *
 * <p>The tables are direct-mapped: an n-gram displaces another one with the same hash, and what is found is compared token by
 * token. So their size is a bound and not a promise, and a collision costs a guess at most.
 */
final class NgramIndex {
    /** Tried longest first: the longer the match, the likelier the continuation. */
    private static final int LONGEST = 4;

    private static final int SHORTEST = 2;
    private static final int FIRST_SLOTS = 256;
    private static final int MOST_SLOTS = 1 << 14;
    private static final int NONE = 0;

    private final TokenLog tokens;
    private final int[][] endsBySize = new int[LONGEST + 1][]; // [n][slots] position after an n-gram, or NONE
    private int indexedEnd; // n-grams that end before this position are indexed

    NgramIndex(TokenLog tokens) {
        this.tokens = tokens;
        allocate(FIRST_SLOTS);
    }

    private void allocate(int slots) {
        for (int n = SHORTEST; n <= LONGEST; n++) {
            endsBySize[n] = new int[slots];
        }
        indexedEnd = 0;
    }

    /** What followed the sequence's last tokens where they stood before: {@code most} tokens, or none. */
    TokenIds continuation(int most) {
        indexAllButLast();
        int size = tokens.size();
        for (int n = Math.min(LONGEST, size - 1); n >= SHORTEST; n--) {
            int start = endsBySize[n][slot(n, size)];
            if (start != NONE && sameGram(n, start, size)) {
                return copy(start, most);
            }
        }
        return TokenIds.EMPTY;
    }

    /** Where the copy reaches the end of the sequence, it goes on with what it copied: a repetition repeats. */
    private TokenIds copy(int start, int count) {
        int size = tokens.size();
        int[] copied = new int[count];
        for (int i = 0; i < count; i++) {
            copied[i] = start + i < size ? tokens.get(start + i) : copied[start + i - size];
        }
        return TokenIds.of(copied);
    }

    /** The n-gram at the end itself is not looked up yet, and must be found where it stood before. */
    private void indexAllButLast() {
        int size = tokens.size();
        int slots = endsBySize[SHORTEST].length;
        if (size > slots / 2 && slots < MOST_SLOTS) {
            allocate(Math.min(MOST_SLOTS, Integer.highestOneBit(size) * 4));
        }
        for (int end = Math.max(indexedEnd, SHORTEST); end < size; end++) {
            for (int n = SHORTEST; n <= Math.min(LONGEST, end); n++) {
                endsBySize[n][slot(n, end)] = end;
            }
        }
        indexedEnd = size;
    }

    /** Where the n-gram that ends before position {@code end} is kept. */
    private int slot(int n, int end) {
        int hash = n;
        for (int i = end - n; i < end; i++) {
            hash = (hash ^ tokens.get(i)) * 0x9E3779B1;
            hash ^= hash >>> 15;
        }
        return hash & (endsBySize[n].length - 1);
    }

    private boolean sameGram(int n, int end, int otherEnd) {
        for (int i = 1; i <= n; i++) {
            if (tokens.get(end - i) != tokens.get(otherEnd - i)) {
                return false;
            }
        }
        return true;
    }
}
