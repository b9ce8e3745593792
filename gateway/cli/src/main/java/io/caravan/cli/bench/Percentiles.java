package io.caravan.cli.bench;

import java.util.Arrays;

/** Percentiles of a few thousand samples, by sorting them. */
final class Percentiles {
    private final long[] sorted;

    Percentiles(long[] samples) {
        sorted = samples.clone();
        Arrays.sort(sorted);
    }

    /** The smallest sample that at least {@code percent} of all do not exceed (nearest rank); NaN without samples. */
    double of(double percent) {
        if (sorted.length == 0) {
            return Double.NaN;
        }
        int rank = (int) Math.ceil(percent / 100 * sorted.length);
        return sorted[Math.clamp(rank - 1, 0, sorted.length - 1)];
    }
}
