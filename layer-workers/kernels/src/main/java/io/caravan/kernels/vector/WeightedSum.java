package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.FLOATS;
import static io.caravan.kernels.vector.Memory.LANES;

import jdk.incubator.vector.FloatVector;

/** The sum of a block's values by attention's weights. */
final class WeightedSum {
    private WeightedSum() {}

    /**
     * result = result · shrink + Σ weights[t] · values[t], t in its order.
     *
     * @param result at {@code at} [headDim]
     * @param values [count, headDim]
     */
    static void add(float[] result, int at, float shrink, float[] weights, float[] values, int count, int headDim) {
        var i = 0;
        for (; i + 4 * LANES <= headDim; i += 4 * LANES) {
            fourVectors(result, at + i, shrink, weights, values, i, count, headDim);
        }
        for (; i + LANES <= headDim; i += LANES) {
            oneVector(result, at + i, shrink, weights, values, i, count, headDim);
        }
        for (; i < headDim; i++) {
            var sum = result[at + i] * shrink;
            for (var t = 0; t < count; t++) {
                sum = Math.fma(weights[t], values[t * headDim + i], sum);
            }
            result[at + i] = sum;
        }
    }

    private static void fourVectors(
            float[] result, int at, float shrink, float[] weights, float[] values, int first, int count, int headDim) {
        var s0 = load(result, at).mul(shrink);
        var s1 = load(result, at + LANES).mul(shrink);
        var s2 = load(result, at + 2 * LANES).mul(shrink);
        var s3 = load(result, at + 3 * LANES).mul(shrink);
        for (var t = 0; t < count; t++) {
            var weight = FloatVector.broadcast(FLOATS, weights[t]);
            var value = t * headDim + first;
            s0 = weight.fma(load(values, value), s0);
            s1 = weight.fma(load(values, value + LANES), s1);
            s2 = weight.fma(load(values, value + 2 * LANES), s2);
            s3 = weight.fma(load(values, value + 3 * LANES), s3);
        }
        s0.intoArray(result, at);
        s1.intoArray(result, at + LANES);
        s2.intoArray(result, at + 2 * LANES);
        s3.intoArray(result, at + 3 * LANES);
    }

    private static void oneVector(
            float[] result, int at, float shrink, float[] weights, float[] values, int first, int count, int headDim) {
        var sum = load(result, at).mul(shrink);
        for (var t = 0; t < count; t++) {
            sum = FloatVector.broadcast(FLOATS, weights[t]).fma(load(values, t * headDim + first), sum);
        }
        sum.intoArray(result, at);
    }

    private static FloatVector load(float[] array, int at) {
        return FloatVector.fromArray(FLOATS, array, at);
    }
}
