package io.caravan.proto.sequence;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** An immutable list of token ids. */
public final class TokenIds {
    public static final TokenIds EMPTY = new TokenIds(new int[0]);

    private final int[] ids;

    private TokenIds(int[] ids) {
        this.ids = ids;
    }

    /** Copies {@code ids}. */
    public static TokenIds of(int... ids) {
        return ids.length == 0 ? EMPTY : new TokenIds(ids.clone());
    }

    /** Copies the first {@code count} of {@code ids}. */
    public static TokenIds copyOf(int[] ids, int count) {
        return count == 0 ? EMPTY : new TokenIds(Arrays.copyOf(ids, count));
    }

    public int size() {
        return ids.length;
    }

    public boolean isEmpty() {
        return ids.length == 0;
    }

    public int get(int index) {
        return ids[index];
    }

    public boolean contains(int id) {
        for (int each : ids) {
            if (each == id) {
                return true;
            }
        }
        return false;
    }

    /** The ids from {@code from} inclusive to {@code to} exclusive. */
    public TokenIds slice(int from, int to) {
        return from == to ? EMPTY : new TokenIds(Arrays.copyOfRange(ids, from, to));
    }

    /** These ids followed by {@code others}. */
    public TokenIds concat(TokenIds others) {
        if (others.isEmpty()) {
            return this;
        }
        int[] all = Arrays.copyOf(ids, ids.length + others.ids.length);
        System.arraycopy(others.ids, 0, all, ids.length, others.ids.length);
        return new TokenIds(all);
    }

    public IntStream stream() {
        return Arrays.stream(ids);
    }

    public int[] toArray() {
        return ids.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenIds that && Arrays.equals(ids, that.ids);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }

    /** Comma-separated, as the command line writes them. */
    @Override
    public String toString() {
        return stream().mapToObj(Integer::toString).collect(Collectors.joining(","));
    }
}
