package io.caravan.kernels.vector;

/**
 * Arrays that one computing thread uses within a kernel; they grow to the largest kernel that was run. They are Java
 * arrays because C2 gives up inlining in loops with as many off-heap accesses as a matrix tile has, and then allocates a
 * vector at each operation.
 */
final class Scratch {
    /** Weights or keys as floats. */
    private float[] panel = {};

    /** Values as floats. */
    private float[] values = {};

    /** Activations. */
    private float[] x = {};

    /** Partial sums and results. */
    private float[] sums = {};

    /** Scores of attention. */
    private float[] scores = {};

    float[] panel(int floatCount) {
        return panel = atLeast(panel, floatCount);
    }

    float[] values(int floatCount) {
        return values = atLeast(values, floatCount);
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
