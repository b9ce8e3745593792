package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.FLOATS;
import static io.caravan.kernels.vector.Memory.LANES;

import jdk.incubator.vector.FloatVector;

/** A query's products with keys. */
final class Dots {
    private Dots() {}

    /**
     * One query x against four keys w.
     *
     * @param xAt where the row begins in {@code x}
     * @param wAt where the first row of w begins; the others follow {@code wStride} apart
     * @param count elements to add up, whole vectors
     * @param sums at {@code sumsAt} [4, LANES] partial sums so far, zeros at first
     */
    static void oneByFour(float[] x, int xAt, float[] w, int wAt, int wStride, int count, float[] sums, int sumsAt) {
        var w1 = wAt + wStride;
        var w2 = w1 + wStride;
        var w3 = w2 + wStride;
        var s0 = load(sums, sumsAt);
        var s1 = load(sums, sumsAt + LANES);
        var s2 = load(sums, sumsAt + 2 * LANES);
        var s3 = load(sums, sumsAt + 3 * LANES);
        for (var i = 0; i < count; i += LANES) {
            var xv = load(x, xAt + i);
            s0 = xv.fma(load(w, wAt + i), s0);
            s1 = xv.fma(load(w, w1 + i), s1);
            s2 = xv.fma(load(w, w2 + i), s2);
            s3 = xv.fma(load(w, w3 + i), s3);
        }
        s0.intoArray(sums, sumsAt);
        s1.intoArray(sums, sumsAt + LANES);
        s2.intoArray(sums, sumsAt + 2 * LANES);
        s3.intoArray(sums, sumsAt + 3 * LANES);
    }

    private static FloatVector load(float[] array, int at) {
        return FloatVector.fromArray(FLOATS, array, at);
    }
}
