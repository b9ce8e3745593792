package io.caravan.kernels.scalar;

import io.caravan.kernels.KvLayer;
import io.caravan.kernels.Tensor;

/** Attention of one query head of one row: scores, softmax, weighted sum, each over the positions it sees. */
final class ScalarAttention {
    private ScalarAttention() {}

    /**
     * @param first index of the head's first element in {@code q} and {@code out}
     * @param position the row's own position, the last one it sees
     */
    static void head(Tensor out, Tensor q, long first, KvLayer kv, int kvHead, int position, int[] table) {
        var headDim = kv.headDim();
        var weights = scores(q, first, kv, kvHead, position, table);
        softmax(weights);
        var sums = new double[headDim];
        var firstVisible = kv.rule().firstVisible(position);
        for (var t = firstVisible; t <= position; t++) {
            var value = kv.row(table[t / kv.blockTokens()], kvHead, t % kv.blockTokens()) * kv.width();
            var values = Elements.floats(kv.values(), value, headDim);
            for (var i = 0; i < headDim; i++) {
                sums[i] += weights[t - firstVisible] * values[i];
            }
        }
        for (var i = 0; i < headDim; i++) {
            Elements.set(out, first + i, (float) sums[i]);
        }
    }

    private static double[] scores(Tensor q, long first, KvLayer kv, int kvHead, int position, int[] table) {
        var headDim = kv.headDim();
        var query = Elements.floats(q, first, headDim);
        var firstVisible = kv.rule().firstVisible(position);
        var scores = new double[position + 1 - firstVisible];
        for (var t = firstVisible; t <= position; t++) {
            var key = kv.row(table[t / kv.blockTokens()], kvHead, t % kv.blockTokens()) * kv.width();
            var dot = ScalarProvider.dot(query, Elements.floats(kv.keys(), key, headDim));
            scores[t - firstVisible] = dot * kv.rule().scale();
        }
        return scores;
    }

    private static void softmax(double[] scores) {
        var max = Double.NEGATIVE_INFINITY;
        for (var score : scores) {
            max = Math.max(max, score);
        }
        var sum = 0.0;
        for (var i = 0; i < scores.length; i++) {
            scores[i] = StrictMath.exp(scores[i] - max);
            sum += scores[i];
        }
        for (var i = 0; i < scores.length; i++) {
            scores[i] /= sum;
        }
    }
}
