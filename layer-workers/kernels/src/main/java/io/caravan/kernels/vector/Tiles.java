package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.FLOATS;
import static io.caravan.kernels.vector.Memory.LANES;

import jdk.incubator.vector.FloatVector;

/**
 * The inner loops of matrix products: rows of x against four rows of w, one vector of partial sums for each pair. The
 * partial sums are loaded and stored back, so that a long sum can be cut where caches want it cut. Twelve of them are as
 * many as 16 registers hold beside the operands, and enough to hide the latency of the additions.
 *
 * <p>A row may be given twice, with the same place for its partial sums: that is how edges are filled up.
 */
final class Tiles {
    private Tiles() {}

    /**
     * One row of x against four of w.
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

    /** Three rows of x against four of w, as {@link #oneByFour}; each row has its own place for [4, LANES] sums. */
    static void threeByFour(
            float[] x,
            int x0,
            int x1,
            int x2,
            float[] w,
            int wAt,
            int wStride,
            int count,
            float[] sums,
            int sumsA,
            int sumsB,
            int sumsC) {
        var w1 = wAt + wStride;
        var w2 = w1 + wStride;
        var w3 = w2 + wStride;
        var a0 = load(sums, sumsA);
        var a1 = load(sums, sumsA + LANES);
        var a2 = load(sums, sumsA + 2 * LANES);
        var a3 = load(sums, sumsA + 3 * LANES);
        var b0 = load(sums, sumsB);
        var b1 = load(sums, sumsB + LANES);
        var b2 = load(sums, sumsB + 2 * LANES);
        var b3 = load(sums, sumsB + 3 * LANES);
        var c0 = load(sums, sumsC);
        var c1 = load(sums, sumsC + LANES);
        var c2 = load(sums, sumsC + 2 * LANES);
        var c3 = load(sums, sumsC + 3 * LANES);
        for (var i = 0; i < count; i += LANES) {
            var a = load(x, x0 + i);
            var b = load(x, x1 + i);
            var c = load(x, x2 + i);
            var v = load(w, wAt + i);
            a0 = a.fma(v, a0);
            b0 = b.fma(v, b0);
            c0 = c.fma(v, c0);
            v = load(w, w1 + i);
            a1 = a.fma(v, a1);
            b1 = b.fma(v, b1);
            c1 = c.fma(v, c1);
            v = load(w, w2 + i);
            a2 = a.fma(v, a2);
            b2 = b.fma(v, b2);
            c2 = c.fma(v, c2);
            v = load(w, w3 + i);
            a3 = a.fma(v, a3);
            b3 = b.fma(v, b3);
            c3 = c.fma(v, c3);
        }
        a0.intoArray(sums, sumsA);
        a1.intoArray(sums, sumsA + LANES);
        a2.intoArray(sums, sumsA + 2 * LANES);
        a3.intoArray(sums, sumsA + 3 * LANES);
        b0.intoArray(sums, sumsB);
        b1.intoArray(sums, sumsB + LANES);
        b2.intoArray(sums, sumsB + 2 * LANES);
        b3.intoArray(sums, sumsB + 3 * LANES);
        c0.intoArray(sums, sumsC);
        c1.intoArray(sums, sumsC + LANES);
        c2.intoArray(sums, sumsC + 2 * LANES);
        c3.intoArray(sums, sumsC + 3 * LANES);
    }

    private static FloatVector load(float[] array, int at) {
        return FloatVector.fromArray(FLOATS, array, at);
    }
}
