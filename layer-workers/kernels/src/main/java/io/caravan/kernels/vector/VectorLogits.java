package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.FLOATS;

import io.caravan.kernels.LogitKernels;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The passes over logits as vectors; an incomplete block is filled up with logits of minus infinity, which weigh nothing. */
final class VectorLogits implements LogitKernels {

    @Override
    public void highest(float[] highest, float[] logits, int count) {
        for (var block = 0; block < LogitKernels.blocks(count); block++) {
            var first = block * BLOCK;
            highest[block] =
                    first + BLOCK <= count ? highest(logits, first) : highest(filledUp(logits, first, count), 0);
        }
    }

    private static float highest(float[] logits, int first) {
        var most = FloatVector.fromArray(FLOATS, logits, first);
        for (var i = FLOATS.length(); i < BLOCK; i += FLOATS.length()) {
            most = most.max(FloatVector.fromArray(FLOATS, logits, first + i));
        }
        return most.reduceLanes(VectorOperators.MAX);
    }

    @Override
    public void weigh(float[] weights, float[] sums, float[] logits, int count, float most, float temperature) {
        var lanes = new float[LANES];
        for (var block = 0; block < LogitKernels.blocks(count); block++) {
            var first = block * BLOCK;
            Arrays.fill(lanes, 0);
            if (first + BLOCK <= count) {
                weigh(weights, first, lanes, logits, first, most, temperature);
            } else {
                var last = new float[BLOCK];
                weigh(last, 0, lanes, filledUp(logits, first, count), 0, most, temperature);
                System.arraycopy(last, 0, weights, first, count - first);
            }
            for (var width = LANES / 2; width > 0; width /= 2) {
                for (var lane = 0; lane < width; lane++) {
                    lanes[lane] += lanes[lane + width];
                }
            }
            sums[block] = lanes[0];
        }
    }

    private static void weigh(
            float[] weights, int weightsAt, float[] lanes, float[] logits, int at, float most, float temperature) {
        for (var i = 0; i < BLOCK; i += FLOATS.length()) {
            var logit = FloatVector.fromArray(FLOATS, logits, at + i);
            var weight = VectorExp.of(logit.sub(most).div(temperature));
            weight.intoArray(weights, weightsAt + i);
            var lane = i % LANES;
            FloatVector.fromArray(FLOATS, lanes, lane).add(weight).intoArray(lanes, lane);
        }
    }

    private static float[] filledUp(float[] logits, int from, int to) {
        var block = new float[BLOCK];
        Arrays.fill(block, Float.NEGATIVE_INFINITY);
        System.arraycopy(logits, from, block, 0, to - from);
        return block;
    }
}
