package io.caravan.kernels;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** How often each exponent occurs in a matrix of BF16 numbers, and in each part of its rows. */
final class Exponents {
    private final long[][] parts; // [part][exponent]
    private final int[] byFrequency;

    /** @param parts [part][exponent] */
    Exponents(long[][] parts) {
        this.parts = parts;
        var total = new long[TwelveBits.EXPONENTS];
        for (var part : parts) {
            for (var exponent = 0; exponent < total.length; exponent++) {
                total[exponent] += part[exponent];
            }
        }
        byFrequency = IntStream.range(0, total.length)
                .boxed()
                .sorted(Comparator.comparingLong((Integer exponent) -> -total[exponent]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** The most frequent ones; of equally frequent ones the smaller. */
    byte[] indexed() {
        var indexed = new byte[TwelveBits.INDEXED];
        for (var i = 0; i < indexed.length; i++) {
            indexed[i] = (byte) byFrequency[i];
        }
        return indexed;
    }

    /** Numbers whose exponent is not among {@link #indexed}, in the parts before each part, and in all at the end. */
    long[] patchesBefore() {
        var before = new long[parts.length + 1];
        for (var part = 0; part < parts.length; part++) {
            before[part + 1] = before[part] + Arrays.stream(parts[part]).sum();
            for (var i = 0; i < TwelveBits.INDEXED; i++) {
                before[part + 1] -= parts[part][byFrequency[i]];
            }
        }
        return before;
    }
}
