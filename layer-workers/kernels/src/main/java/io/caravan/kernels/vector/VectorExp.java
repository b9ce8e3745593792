package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.FLOATS;

import io.caravan.kernels.scalar.Exp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@link Exp} of a vector: the same steps, the same bits. */
final class VectorExp {
    private VectorExp() {}

    static FloatVector of(FloatVector value) {
        var x = value.max(Exp.LOWEST).min(Exp.HIGHEST);
        var rounded = x.mul(Exp.LOG2_E).add(Exp.ROUND);
        var n = rounded.sub(Exp.ROUND);
        var r = n.fma(broadcast(-Exp.LN2_HIGH), x);
        r = n.fma(broadcast(-Exp.LN2_LOW), r);
        var p = r.fma(broadcast(Exp.P0), broadcast(Exp.P1));
        p = p.fma(r, broadcast(Exp.P2));
        p = p.fma(r, broadcast(Exp.P3));
        p = p.fma(r, broadcast(Exp.P4));
        p = p.fma(r, broadcast(Exp.P5));
        p = p.fma(r.mul(r), r).add(1f);
        var power = rounded.reinterpretAsInts().add(Exp.BIAS).lanewise(VectorOperators.LSHL, 23);
        return p.mul(power.reinterpretAsFloats());
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
