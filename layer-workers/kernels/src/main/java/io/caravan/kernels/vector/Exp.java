package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The exponential function to about one unit in the last place, as Cephes' expf: e^x = 2^n · e^r with |r| ≤ ln 2 / 2 and a
 * polynomial for e^r. The vector and the single form take the same steps and give the same bits. Below {@link #LOWEST} the
 * result is 0, above {@link #HIGHEST} it stays finite; NaN stays NaN.
 */
final class Exp {
    static final float LOWEST = -86.6f;
    static final float HIGHEST = 88.37f;

    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;

    /** Adding it rounds to a whole number, which is left in the lowest bits. */
    private static final float ROUND = 0x1.8p23f;

    private static final float P0 = 1.9875691500e-4f;
    private static final float P1 = 1.3981999507e-3f;
    private static final float P2 = 8.3334519073e-3f;
    private static final float P3 = 4.1665795894e-2f;
    private static final float P4 = 1.6666665459e-1f;
    private static final float P5 = 5.0000001201e-1f;

    private Exp() {}

    static FloatVector of(FloatVector value) {
        var x = value.max(LOWEST).min(HIGHEST);
        var rounded = x.mul(LOG2_E).add(ROUND);
        var n = rounded.sub(ROUND);
        var r = n.fma(broadcast(-LN2_HIGH), x);
        r = n.fma(broadcast(-LN2_LOW), r);
        var p = r.fma(broadcast(P0), broadcast(P1));
        p = p.fma(r, broadcast(P2));
        p = p.fma(r, broadcast(P3));
        p = p.fma(r, broadcast(P4));
        p = p.fma(r, broadcast(P5));
        p = p.fma(r.mul(r), r).add(1f);
        var bits = p.reinterpretAsInts().add(rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23));
        return bits.reinterpretAsFloats().blend(0f, value.compare(VectorOperators.LT, LOWEST));
    }

    static float of(float value) {
        var x = Math.min(Math.max(value, LOWEST), HIGHEST);
        var rounded = x * LOG2_E + ROUND;
        var n = rounded - ROUND;
        var r = Math.fma(n, -LN2_HIGH, x);
        r = Math.fma(n, -LN2_LOW, r);
        var p = Math.fma(r, P0, P1);
        p = Math.fma(p, r, P2);
        p = Math.fma(p, r, P3);
        p = Math.fma(p, r, P4);
        p = Math.fma(p, r, P5);
        p = Math.fma(p, r * r, r) + 1f;
        var bits = Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(rounded) << 23);
        return value < LOWEST ? 0f : Float.intBitsToFloat(bits);
    }

    /**
     * Replaces {@code values[0, count)}, up to a whole vector, by e^(value - highest).
     *
     * @param sums at {@code sumsAt} [LANES] their sums, lane by lane
     */
    static void weigh(float[] values, float highest, int count, float[] sums, int sumsAt) {
        var sum = FloatVector.zero(FLOATS);
        for (var i = 0; i < count; i += FLOATS.length()) {
            var weights = of(FloatVector.fromArray(FLOATS, values, i).sub(highest));
            weights.intoArray(values, i);
            sum = sum.add(weights);
        }
        sum.intoArray(sums, sumsAt);
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }
}
