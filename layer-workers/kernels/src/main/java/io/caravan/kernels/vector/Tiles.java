package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.ALL;
import static io.caravan.kernels.vector.Memory.FLOATS;
import static io.caravan.kernels.vector.Memory.INTS;
import static io.caravan.kernels.vector.Memory.LANES;
import static io.caravan.kernels.vector.Memory.ORDER;
import static io.caravan.kernels.vector.Memory.SHORTS;
import static io.caravan.kernels.vector.Memory.VECTOR_BYTES;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import io.caravan.proto.model.TensorType;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The inner loops of matrix products: rows of x against four rows of w, one vector of partial sums for each pair. The
 * partial sums are loaded and stored back, so that a long sum can be cut where caches want it cut. Twelve of them are as
 * many as 16 registers hold beside the operands, and enough to hide the latency of the additions.
 *
 * <p>A row of x may be given twice, with the same place for its partial sums: that is how edges are filled up.
 *
 * <p>Some things here look odd and double the speed on 16 registers. C2 unrolls a loop whose stride it knows, moves all
 * loads of the longer body to its top and then spills the partial sums; so the tiles of three rows take their stride as an
 * argument. There the bounds check of each load, which always passes, also keeps C2 from moving loads up. Loads are spelled
 * out because C2 stops inlining helpers of ours, but not of the Vector API, in methods of this size.
 */
final class Tiles {
    private static final VectorOperators.Conversion<Short, Integer> WIDEN = VectorOperators.ZERO_EXTEND_S2I;

    private Tiles() {}

    /**
     * Three rows of x against four of w, all F32.
     *
     * @param x0 address of the first row; {@code x1} and {@code x2} those of the others
     * @param w0 address of the first row of w; the others follow {@code wStride} bytes apart
     * @param bytes of a row of x to go through, whole vectors
     * @param step bytes of a vector
     * @param sumsA address of the first row's [4, LANES] partial sums so far, zeros at first; {@code sumsB} and
     *     {@code sumsC} those of the others
     */
    static void threeByFour(
            long x0,
            long x1,
            long x2,
            long w0,
            long wStride,
            long bytes,
            long step,
            long sumsA,
            long sumsB,
            long sumsC) {
        var w1 = w0 + wStride;
        var w2 = w1 + wStride;
        var w3 = w2 + wStride;
        var a0 = fromMemorySegment(FLOATS, ALL, sumsA, ORDER);
        var a1 = fromMemorySegment(FLOATS, ALL, sumsA + VECTOR_BYTES, ORDER);
        var a2 = fromMemorySegment(FLOATS, ALL, sumsA + 2 * VECTOR_BYTES, ORDER);
        var a3 = fromMemorySegment(FLOATS, ALL, sumsA + 3 * VECTOR_BYTES, ORDER);
        var b0 = fromMemorySegment(FLOATS, ALL, sumsB, ORDER);
        var b1 = fromMemorySegment(FLOATS, ALL, sumsB + VECTOR_BYTES, ORDER);
        var b2 = fromMemorySegment(FLOATS, ALL, sumsB + 2 * VECTOR_BYTES, ORDER);
        var b3 = fromMemorySegment(FLOATS, ALL, sumsB + 3 * VECTOR_BYTES, ORDER);
        var c0 = fromMemorySegment(FLOATS, ALL, sumsC, ORDER);
        var c1 = fromMemorySegment(FLOATS, ALL, sumsC + VECTOR_BYTES, ORDER);
        var c2 = fromMemorySegment(FLOATS, ALL, sumsC + 2 * VECTOR_BYTES, ORDER);
        var c3 = fromMemorySegment(FLOATS, ALL, sumsC + 3 * VECTOR_BYTES, ORDER);
        for (var i = 0L; i < bytes; i += step) {
            var a = fromMemorySegment(FLOATS, ALL, x0 + i, ORDER);
            var b = fromMemorySegment(FLOATS, ALL, x1 + i, ORDER);
            var c = fromMemorySegment(FLOATS, ALL, x2 + i, ORDER);
            var v = fromMemorySegment(FLOATS, ALL, w0 + i, ORDER);
            a0 = a.fma(v, a0);
            b0 = b.fma(v, b0);
            c0 = c.fma(v, c0);
            v = fromMemorySegment(FLOATS, ALL, w1 + i, ORDER);
            a1 = a.fma(v, a1);
            b1 = b.fma(v, b1);
            c1 = c.fma(v, c1);
            v = fromMemorySegment(FLOATS, ALL, w2 + i, ORDER);
            a2 = a.fma(v, a2);
            b2 = b.fma(v, b2);
            c2 = c.fma(v, c2);
            v = fromMemorySegment(FLOATS, ALL, w3 + i, ORDER);
            a3 = a.fma(v, a3);
            b3 = b.fma(v, b3);
            c3 = c.fma(v, c3);
        }
        a0.intoMemorySegment(ALL, sumsA, ORDER);
        a1.intoMemorySegment(ALL, sumsA + VECTOR_BYTES, ORDER);
        a2.intoMemorySegment(ALL, sumsA + 2 * VECTOR_BYTES, ORDER);
        a3.intoMemorySegment(ALL, sumsA + 3 * VECTOR_BYTES, ORDER);
        b0.intoMemorySegment(ALL, sumsB, ORDER);
        b1.intoMemorySegment(ALL, sumsB + VECTOR_BYTES, ORDER);
        b2.intoMemorySegment(ALL, sumsB + 2 * VECTOR_BYTES, ORDER);
        b3.intoMemorySegment(ALL, sumsB + 3 * VECTOR_BYTES, ORDER);
        c0.intoMemorySegment(ALL, sumsC, ORDER);
        c1.intoMemorySegment(ALL, sumsC + VECTOR_BYTES, ORDER);
        c2.intoMemorySegment(ALL, sumsC + 2 * VECTOR_BYTES, ORDER);
        c3.intoMemorySegment(ALL, sumsC + 3 * VECTOR_BYTES, ORDER);
    }

    /** As {@link #threeByFour} with BF16 rows of w; {@code bytes} and {@code step} count those of w. */
    static void threeByFourBfloat16(
            long x0,
            long x1,
            long x2,
            long w0,
            long wStride,
            long bytes,
            long step,
            long sumsA,
            long sumsB,
            long sumsC) {
        var w1 = w0 + wStride;
        var w2 = w1 + wStride;
        var w3 = w2 + wStride;
        var a0 = fromMemorySegment(FLOATS, ALL, sumsA, ORDER);
        var a1 = fromMemorySegment(FLOATS, ALL, sumsA + VECTOR_BYTES, ORDER);
        var a2 = fromMemorySegment(FLOATS, ALL, sumsA + 2 * VECTOR_BYTES, ORDER);
        var a3 = fromMemorySegment(FLOATS, ALL, sumsA + 3 * VECTOR_BYTES, ORDER);
        var b0 = fromMemorySegment(FLOATS, ALL, sumsB, ORDER);
        var b1 = fromMemorySegment(FLOATS, ALL, sumsB + VECTOR_BYTES, ORDER);
        var b2 = fromMemorySegment(FLOATS, ALL, sumsB + 2 * VECTOR_BYTES, ORDER);
        var b3 = fromMemorySegment(FLOATS, ALL, sumsB + 3 * VECTOR_BYTES, ORDER);
        var c0 = fromMemorySegment(FLOATS, ALL, sumsC, ORDER);
        var c1 = fromMemorySegment(FLOATS, ALL, sumsC + VECTOR_BYTES, ORDER);
        var c2 = fromMemorySegment(FLOATS, ALL, sumsC + 2 * VECTOR_BYTES, ORDER);
        var c3 = fromMemorySegment(FLOATS, ALL, sumsC + 3 * VECTOR_BYTES, ORDER);
        for (var i = 0L; i < bytes; i += step) {
            var a = fromMemorySegment(FLOATS, ALL, x0 + 2 * i, ORDER);
            var b = fromMemorySegment(FLOATS, ALL, x1 + 2 * i, ORDER);
            var c = fromMemorySegment(FLOATS, ALL, x2 + 2 * i, ORDER);
            var v = ((IntVector) ShortVector.fromMemorySegment(SHORTS, ALL, w0 + i, ORDER)
                            .convertShape(WIDEN, INTS, 0))
                    .lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats();
            a0 = a.fma(v, a0);
            b0 = b.fma(v, b0);
            c0 = c.fma(v, c0);
            v = ((IntVector) ShortVector.fromMemorySegment(SHORTS, ALL, w1 + i, ORDER)
                            .convertShape(WIDEN, INTS, 0))
                    .lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats();
            a1 = a.fma(v, a1);
            b1 = b.fma(v, b1);
            c1 = c.fma(v, c1);
            v = ((IntVector) ShortVector.fromMemorySegment(SHORTS, ALL, w2 + i, ORDER)
                            .convertShape(WIDEN, INTS, 0))
                    .lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats();
            a2 = a.fma(v, a2);
            b2 = b.fma(v, b2);
            c2 = c.fma(v, c2);
            v = ((IntVector) ShortVector.fromMemorySegment(SHORTS, ALL, w3 + i, ORDER)
                            .convertShape(WIDEN, INTS, 0))
                    .lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats();
            a3 = a.fma(v, a3);
            b3 = b.fma(v, b3);
            c3 = c.fma(v, c3);
        }
        a0.intoMemorySegment(ALL, sumsA, ORDER);
        a1.intoMemorySegment(ALL, sumsA + VECTOR_BYTES, ORDER);
        a2.intoMemorySegment(ALL, sumsA + 2 * VECTOR_BYTES, ORDER);
        a3.intoMemorySegment(ALL, sumsA + 3 * VECTOR_BYTES, ORDER);
        b0.intoMemorySegment(ALL, sumsB, ORDER);
        b1.intoMemorySegment(ALL, sumsB + VECTOR_BYTES, ORDER);
        b2.intoMemorySegment(ALL, sumsB + 2 * VECTOR_BYTES, ORDER);
        b3.intoMemorySegment(ALL, sumsB + 3 * VECTOR_BYTES, ORDER);
        c0.intoMemorySegment(ALL, sumsC, ORDER);
        c1.intoMemorySegment(ALL, sumsC + VECTOR_BYTES, ORDER);
        c2.intoMemorySegment(ALL, sumsC + 2 * VECTOR_BYTES, ORDER);
        c3.intoMemorySegment(ALL, sumsC + 3 * VECTOR_BYTES, ORDER);
    }

    /** One row of x against four of w, as {@link #threeByFour}. */
    static void oneByFour(long x, long w0, long wStride, int bytes, long sums) {
        var w1 = w0 + wStride;
        var w2 = w1 + wStride;
        var w3 = w2 + wStride;
        var s0 = fromMemorySegment(FLOATS, ALL, sums, ORDER);
        var s1 = fromMemorySegment(FLOATS, ALL, sums + VECTOR_BYTES, ORDER);
        var s2 = fromMemorySegment(FLOATS, ALL, sums + 2 * VECTOR_BYTES, ORDER);
        var s3 = fromMemorySegment(FLOATS, ALL, sums + 3 * VECTOR_BYTES, ORDER);
        for (var i = 0; i < bytes; i += LANES * Float.BYTES) {
            var xv = fromMemorySegment(FLOATS, ALL, x + i, ORDER);
            s0 = xv.fma(fromMemorySegment(FLOATS, ALL, w0 + i, ORDER), s0);
            s1 = xv.fma(fromMemorySegment(FLOATS, ALL, w1 + i, ORDER), s1);
            s2 = xv.fma(fromMemorySegment(FLOATS, ALL, w2 + i, ORDER), s2);
            s3 = xv.fma(fromMemorySegment(FLOATS, ALL, w3 + i, ORDER), s3);
        }
        s0.intoMemorySegment(ALL, sums, ORDER);
        s1.intoMemorySegment(ALL, sums + VECTOR_BYTES, ORDER);
        s2.intoMemorySegment(ALL, sums + 2 * VECTOR_BYTES, ORDER);
        s3.intoMemorySegment(ALL, sums + 3 * VECTOR_BYTES, ORDER);
    }

    /** One row of x against four BF16 rows of w; {@code bytes} counts those of a row of w. */
    static void oneByFourBfloat16(long x, long w0, long wStride, int bytes, long sums) {
        var w1 = w0 + wStride;
        var w2 = w1 + wStride;
        var w3 = w2 + wStride;
        var s0 = fromMemorySegment(FLOATS, ALL, sums, ORDER);
        var s1 = fromMemorySegment(FLOATS, ALL, sums + VECTOR_BYTES, ORDER);
        var s2 = fromMemorySegment(FLOATS, ALL, sums + 2 * VECTOR_BYTES, ORDER);
        var s3 = fromMemorySegment(FLOATS, ALL, sums + 3 * VECTOR_BYTES, ORDER);
        for (var i = 0; i < bytes; i += LANES * Short.BYTES) {
            var xv = fromMemorySegment(FLOATS, ALL, x + 2L * i, ORDER);
            var v0 = (IntVector)
                    ShortVector.fromMemorySegment(SHORTS, ALL, w0 + i, ORDER).convertShape(WIDEN, INTS, 0);
            s0 = xv.fma(v0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s0);
            var v1 = (IntVector)
                    ShortVector.fromMemorySegment(SHORTS, ALL, w1 + i, ORDER).convertShape(WIDEN, INTS, 0);
            s1 = xv.fma(v1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s1);
            var v2 = (IntVector)
                    ShortVector.fromMemorySegment(SHORTS, ALL, w2 + i, ORDER).convertShape(WIDEN, INTS, 0);
            s2 = xv.fma(v2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s2);
            var v3 = (IntVector)
                    ShortVector.fromMemorySegment(SHORTS, ALL, w3 + i, ORDER).convertShape(WIDEN, INTS, 0);
            s3 = xv.fma(v3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s3);
        }
        s0.intoMemorySegment(ALL, sums, ORDER);
        s1.intoMemorySegment(ALL, sums + VECTOR_BYTES, ORDER);
        s2.intoMemorySegment(ALL, sums + 2 * VECTOR_BYTES, ORDER);
        s3.intoMemorySegment(ALL, sums + 3 * VECTOR_BYTES, ORDER);
    }

    /** One row of x against one of w in any format; the same sums as those of the others, only slower. */
    static void oneByOne(TensorType type, long x, long w, long bytes, long sums) {
        var sum = Memory.load(sums);
        for (var i = 0L; i < bytes; i += VECTOR_BYTES) {
            sum = Memory.load(x + i).fma(Memory.loadWeights(type, w + i / Float.BYTES * type.bytes(1)), sum);
        }
        Memory.store(sum, sums);
    }
}
