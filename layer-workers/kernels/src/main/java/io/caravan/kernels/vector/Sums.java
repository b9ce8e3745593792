package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.LANES;

/** The ends of sums: lanes added in a fixed tree, then the elements of an incomplete last vector. */
final class Sums {
    private Sums() {}

    /** Adds the lanes of the vector at {@code sums[at...]}, the upper half to the lower half until one is left. */
    static float lanes(float[] sums, int at) {
        return switch (LANES) {
            case 4 -> four(sums, at);
            case 8 -> eight(sums, at, 4);
            default -> sixteen(sums, at);
        };
    }

    /** Adds the lanes of the vector at the address {@code sums} in the same order. */
    static float lanes(long sums) {
        return switch (LANES) {
            case 4 -> four(sums);
            case 8 -> eight(sums, 4);
            default -> eight(sums, 8) + eight(sums + 4 * Float.BYTES, 8);
        };
    }

    private static float at(long sums, int lane) {
        return Memory.getFloat(sums + (long) lane * Float.BYTES);
    }

    private static float four(long s) {
        return (at(s, 0) + at(s, 2)) + (at(s, 1) + at(s, 3));
    }

    private static float eight(long s, int upper) {
        var even = (at(s, 0) + at(s, upper)) + (at(s, 2) + at(s, upper + 2));
        var odd = (at(s, 1) + at(s, upper + 1)) + (at(s, 3) + at(s, upper + 3));
        return even + odd;
    }

    private static float four(float[] s, int at) {
        return (s[at] + s[at + 2]) + (s[at + 1] + s[at + 3]);
    }

    /** Eight lanes, of which the upper four begin {@code upper} after the lower ones. */
    private static float eight(float[] s, int at, int upper) {
        var even = (s[at] + s[at + upper]) + (s[at + 2] + s[at + upper + 2]);
        var odd = (s[at + 1] + s[at + upper + 1]) + (s[at + 3] + s[at + upper + 3]);
        return even + odd;
    }

    private static float sixteen(float[] s, int at) {
        return eight(s, at, 8) + eight(s, at + 4, 8);
    }

    /** Adds the products of {@code x[xAt...]} and {@code w[wAt...]} to {@code sum}, one by one. */
    static float tail(float sum, float[] x, int xAt, float[] w, int wAt, int count) {
        var total = sum;
        for (var i = 0; i < count; i++) {
            total = Math.fma(x[xAt + i], w[wAt + i], total);
        }
        return total;
    }
}
