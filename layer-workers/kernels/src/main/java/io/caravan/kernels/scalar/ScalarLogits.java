package io.caravan.kernels.scalar;

import io.caravan.kernels.LogitKernels;

/** The passes over logits as plain loops. */
public final class ScalarLogits implements LogitKernels {

    @Override
    public void highest(float[] highest, float[] logits, int count) {
        for (var first = 0; first < count; first += BLOCK) {
            var most = Float.NEGATIVE_INFINITY;
            for (var i = first; i < Math.min(count, first + BLOCK); i++) {
                most = Math.max(most, logits[i]);
            }
            highest[first / BLOCK] = most;
        }
    }

    @Override
    public void weigh(float[] weights, float[] sums, float[] logits, int count, float most, float temperature) {
        for (var first = 0; first < count; first += BLOCK) {
            var lanes = new float[LANES];
            for (var i = first; i < Math.min(count, first + BLOCK); i++) {
                weights[i] = Exp.of((logits[i] - most) / temperature);
                lanes[i % LANES] += weights[i];
            }
            for (var width = LANES / 2; width > 0; width /= 2) {
                for (var lane = 0; lane < width; lane++) {
                    lanes[lane] += lanes[lane + width];
                }
            }
            sums[first / BLOCK] = lanes[0];
        }
    }
}
