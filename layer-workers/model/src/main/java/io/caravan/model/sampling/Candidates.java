package io.caravan.model.sampling;

import io.caravan.kernels.LogitKernels;
import io.caravan.proto.sequence.Sampling;

/**
 * The tokens that one draw may choose, and the draw. Weights are relative to the likeliest token's; sums are taken in an order that
 * the vocabulary alone gives: equal logits give equal tokens, with any kernels. Not thread-safe: it keeps its scratch.
 */
final class Candidates {
    private final LogitKernels kernels;
    private final Ranking ranking;
    private final int vocabSize;
    private final float[] weights; // [vocab] by token
    private final float[] sums; // [blocks] of weights
    private final int[] kept; // [vocab] tokens, likeliest first
    private final float[] keptScores; // [vocab]
    private final float[] keptWeights; // [vocab]
    private int keptCount;

    Candidates(int vocabSize, LogitKernels kernels, Ranking ranking) {
        this.vocabSize = vocabSize;
        this.kernels = kernels;
        this.ranking = ranking;
        weights = new float[vocabSize];
        sums = new float[LogitKernels.blocks(vocabSize)];
        kept = new int[vocabSize];
        keptScores = new float[vocabSize];
        keptWeights = new float[vocabSize];
    }

    /**
     * Draws a token.
     *
     * @param logits [vocab], adjusted
     * @param highest [blocks] of them
     * @param most the highest of all, finite
     * @param chance in [0, 1)
     */
    int draw(float[] logits, float[] highest, float most, Sampling sampling, double chance) {
        if (sampling.topK() > 0 && sampling.topK() < vocabSize) {
            keepTopK(logits, highest, most, sampling);
        } else {
            kernels.weigh(weights, sums, logits, vocabSize, most, sampling.temperature());
            if (sampling.topP() == 1 && sampling.minP() == 0) {
                return drawFromAll(chance);
            }
            keepLikely(logits, sampling);
        }
        return drawFromKept(chance);
    }

    /** The k likeliest tokens, then those of them that top-p and min-p leave. */
    private void keepTopK(float[] logits, float[] highest, float most, Sampling sampling) {
        int count = sampling.topK();
        ranking.resetToBest(logits, highest, count);
        for (int rank = 0; rank < count; rank++) {
            kept[rank] = ranking.at(rank);
            keptScores[rank] = logits[kept[rank]];
        }
        kernels.weigh(keptWeights, sums, keptScores, count, most, sampling.temperature());
        double total = 0;
        for (int rank = 0; rank < count; rank++) {
            total += keptWeights[rank];
        }
        double enough = enough(sampling, total);
        double mass = 0;
        keptCount = 0;
        while (keptCount < count && mass < enough && isLikely(keptWeights[keptCount], sampling)) {
            mass += keptWeights[keptCount++];
        }
    }

    /**
     * The tokens that top-p and min-p leave. Those lighter than half of the mean share of what top-p leaves out cannot reach that
     * together, so none of them is needed to fill top-p's share.
     */
    private void keepLikely(float[] logits, Sampling sampling) {
        double total = total();
        double leastOfTopP = 0.5 * (1 - (double) sampling.topP()) * total / vocabSize;
        double least = Math.max(leastOfTopP, sampling.minP());
        ranking.reset(logits);
        for (int block = 0; block < sums.length; block++) {
            if (sums[block] >= least) {
                ranking.addFrom(weights, least, block);
            }
        }
        double enough = enough(sampling, total);
        double mass = 0;
        keptCount = 0;
        while (keptCount < ranking.count() && mass < enough) {
            int id = ranking.at(keptCount);
            if (!isLikely(weights[id], sampling)) {
                break;
            }
            kept[keptCount] = id;
            keptWeights[keptCount++] = weights[id];
            mass += weights[id];
        }
    }

    private static double enough(Sampling sampling, double total) {
        return sampling.topP() < 1 ? sampling.topP() * total : Double.POSITIVE_INFINITY;
    }

    /** By min-p; the likeliest always is. */
    private boolean isLikely(float weight, Sampling sampling) {
        return keptCount == 0 || weight >= sampling.minP();
    }

    private double total() {
        double total = 0;
        for (float sum : sums) {
            total += sum;
        }
        return total;
    }

    private int drawFromAll(double chance) {
        double target = chance * total();
        double passed = 0;
        int block = 0;
        while (block + 1 < sums.length && passed + sums[block] <= target) {
            passed += sums[block++];
        }
        int last = block * LogitKernels.BLOCK;
        for (int id = last; id < Math.min(vocabSize, (block + 1) * LogitKernels.BLOCK); id++) {
            if (weights[id] > 0) {
                passed += weights[id];
                last = id;
                if (target < passed) {
                    break;
                }
            }
        }
        return last;
    }

    private int drawFromKept(double chance) {
        double total = 0;
        for (int i = 0; i < keptCount; i++) {
            total += keptWeights[i];
        }
        double target = chance * total;
        double passed = 0;
        int last = kept[0];
        for (int i = 0; i < keptCount && keptWeights[i] > 0; i++) {
            passed += keptWeights[i];
            last = kept[i];
            if (target < passed) {
                break;
            }
        }
        return last;
    }

    /** ln of the sum of e^logit. */
    double logSumExp(float[] logits, float most) {
        kernels.weigh(weights, sums, logits, vocabSize, most, 1);
        return most + Math.log(total());
    }
}
