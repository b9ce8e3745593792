package io.caravan.model.sampling;

import io.caravan.kernels.LogitKernels;
import io.caravan.proto.sequence.Sampling;

/**
 * The tokens that one draw may choose, and the draw. Weights are relative to the likeliest token's; sums are taken in an order that
 * the vocabulary alone gives, or are of whole numbers: equal logits give equal tokens, with any kernels. Not thread-safe: it keeps
 * its scratch.
 */
final class Candidates {
    private final LogitKernels kernels;
    private final int vocabSize;
    private final float[] weights; // [vocab] by token
    private final float[] sums; // [blocks] of weights
    private final int[] best; // [vocab] tokens that top-k may leave, by rising id
    private final float[] bestScores; // [vocab]
    private final float[] bestWeights; // [vocab]
    private final RankedMass few; // where top-k leaves few
    private final DealtMass many;

    Candidates(int vocabSize, LogitKernels kernels) {
        this.vocabSize = vocabSize;
        this.kernels = kernels;
        weights = new float[vocabSize];
        sums = new float[LogitKernels.blocks(vocabSize)];
        best = new int[vocabSize];
        bestScores = new float[vocabSize];
        bestWeights = new float[vocabSize];
        few = new RankedMass(vocabSize);
        many = new DealtMass(vocabSize, kernels);
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
        int topK = sampling.topK() > 0 ? Math.min(sampling.topK(), vocabSize) : vocabSize;
        if (topK <= sums.length && topK < vocabSize) {
            return drawByRank(few, keepOfFew(topK, logits, highest, most, sampling), chance);
        }
        kernels.weigh(weights, sums, logits, vocabSize, most, sampling.temperature());
        if (topK == vocabSize && sampling.topP() == 1 && sampling.minP() == 0) {
            return drawFromAll(chance);
        }
        long kept = topK < vocabSize ? keepOfMany(topK, logits, most, sampling) : keepLikely(logits, most, sampling);
        return drawByRank(many, kept, chance);
    }

    /** Draws from the first tokens, which have the mass {@code kept}. */
    private static int drawByRank(MassByRank ranked, long kept, double chance) {
        return ranked.tokenBeyond(Math.min(kept - 1, (long) (chance * kept)));
    }

    /** Ranks the k likeliest tokens, and perhaps some more; returns the mass of those of the k that top-p and min-p leave. */
    private long keepOfFew(int topK, float[] logits, float[] highest, float most, Sampling sampling) {
        int count = weighBest(topK, logits, highest, most, sampling.temperature());
        few.reset(logits);
        long likely = 0;
        for (int i = 0; i < count; i++) {
            long mass = LogitKernels.mass(bestWeights[i]);
            if (mass > 0) {
                few.add(best[i], mass);
                likely += bestWeights[i] >= sampling.minP() ? mass : 0;
            }
        }
        return Math.min(keepTopP(few, few.massOfFirst(topK), sampling), likely);
    }

    private int weighBest(int topK, float[] logits, float[] highest, float most, float temperature) {
        float least = Ranking.leastOfBest(logits, highest, topK);
        int count = 0;
        for (int block = 0; block < sums.length; block++) {
            if (highest[block] >= least) {
                for (int id = block * LogitKernels.BLOCK; id < endOf(block); id++) {
                    if (logits[id] >= least) {
                        best[count] = id;
                        bestScores[count++] = logits[id];
                    }
                }
            }
        }
        kernels.weigh(bestWeights, sums, bestScores, count, most, temperature);
        return count;
    }

    /** As {@link #keepOfFew} from weights of the whole vocabulary, where finding the k likeliest would take longer than ranking all. */
    private long keepOfMany(int topK, float[] logits, float most, Sampling sampling) {
        many.deal(logits, weights, sums, 0, most, sampling.temperature());
        long kept = keepTopP(many, many.massOfFirst(topK), sampling);
        if (sampling.minP() > 0) {
            many.deal(logits, weights, sums, sampling.minP(), most, sampling.temperature());
            kept = Math.min(kept, many.massOfFirst(vocabSize));
        }
        return kept;
    }

    /** Mass of what top-p leaves of first tokens with the mass {@code total}. */
    private static long keepTopP(MassByRank ranked, long total, Sampling sampling) {
        return sampling.topP() < 1
                ? Math.min(total, ranked.massReaching((long) Math.ceil(sampling.topP() * (double) total)))
                : total;
    }

    /**
     * Ranks the tokens that min-p leaves; returns the mass of those that top-p leaves. Those lighter than half of the mean share of
     * what top-p leaves out cannot reach that together, so none of them is needed to fill top-p's share.
     */
    private long keepLikely(float[] logits, float most, Sampling sampling) {
        double total = total();
        double leastOfTopP = 0.5 * (1 - (double) sampling.topP()) * total / vocabSize;
        many.deal(logits, weights, sums, Math.max(leastOfTopP, sampling.minP()), most, sampling.temperature());
        return sampling.topP() < 1
                ? many.massReaching((long) Math.ceil(sampling.topP() * total * LogitKernels.UNITS))
                : many.massOfFirst(vocabSize);
    }

    private int endOf(int block) {
        return Math.min(vocabSize, (block + 1) * LogitKernels.BLOCK);
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
        for (int id = last; id < endOf(block); id++) {
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

    /** ln of the sum of e^logit. */
    double logSumExp(float[] logits, float most) {
        kernels.weigh(weights, sums, logits, vocabSize, most, 1);
        return most + Math.log(total());
    }
}
