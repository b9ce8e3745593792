package io.caravan.kernels.vector;

import java.lang.foreign.Arena;

/**
 * Memory that one computing thread uses within a kernel: for matrix products a fixed piece off-heap, else arrays, which grow
 * to the largest kernel that was run.
 */
final class Scratch {
    private static final long PAGE_BYTES = 4096;

    /** Address of {@link Matmul#PANEL_BYTES}. */
    final long matmulPanel;

    /** Address of {@link Matmul#SUMS_BYTES}. */
    final long matmulSums;

    /** Norm weights or keys as floats. */
    private float[] panel = {};

    /** Values as floats. */
    private float[] values = {};

    private float[] weights = {};

    /** Activations. */
    private float[] x = {};

    /** Partial sums and results. */
    private float[] sums = {};

    /** Scores of attention. */
    private float[] scores = {};

    Scratch(Arena arena) {
        matmulPanel = arena.allocate(Matmul.PANEL_BYTES, PAGE_BYTES).address();
        matmulSums = arena.allocate(Matmul.SUMS_BYTES, PAGE_BYTES).address();
    }

    float[] panel(int floatCount) {
        return panel = atLeast(panel, floatCount);
    }

    float[] values(int floatCount) {
        return values = atLeast(values, floatCount);
    }

    /** A dequantised piece of a row of weights. */
    float[] weights(int floatCount) {
        return weights = atLeast(weights, floatCount);
    }

    float[] x(int floatCount) {
        return x = atLeast(x, floatCount);
    }

    float[] sums(int floatCount) {
        return sums = atLeast(sums, floatCount);
    }

    float[] scores(int floatCount) {
        return scores = atLeast(scores, floatCount);
    }

    private static float[] atLeast(float[] array, int floatCount) {
        return array.length >= floatCount ? array : new float[floatCount];
    }
}
