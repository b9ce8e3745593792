package io.caravan.worker.draft;

/**
 * Whether waiting for guesses pays, and for how many: from how long a guessed token takes, how long a step of the pipeline
 * takes, and how often guesses are right. A step with k guesses gives 1 + p + … + p^k tokens in the time of both.
 */
final class DraftCost {
    private static final int FIRST_COUNT = 4;

    /** Where guessing does not pay, one guess in so many steps, to see whether it does by now. */
    private static final int PROBE_STEPS = 32;

    private static final long LEAST_PATIENCE_NS = 20_000_000;

    /** Share of a new measurement in the mean. */
    private static final double WEIGHT = 0.2;

    private double tokenNs; // 0: not measured yet
    private double stepNs;
    private double right = 4;
    private double tried = 5;
    private int skipped;

    /** How many guesses to wait for, at most {@code most}; 0 where none pay. */
    int count(int most) {
        if (tokenNs == 0 || stepNs == 0) {
            return Math.min(FIRST_COUNT, most);
        }
        double probability = right / tried;
        double power = 1;
        double tokens = 1;
        double bestRate = 1 / stepNs;
        int best = 0;
        for (int count = 1; count <= most; count++) {
            power *= probability;
            tokens += power;
            double rate = tokens / (stepNs + count * tokenNs);
            if (rate > bestRate) {
                bestRate = rate;
                best = count;
            }
        }
        skipped = best == 0 ? skipped + 1 : 0;
        return best == 0 && skipped % PROBE_STEPS == 0 ? 1 : best;
    }

    /** {@code count} tokens were guessed, from the question until the answer was seen. */
    void guessed(int count, long ns) {
        tokenNs = mean(tokenNs, (double) ns / count);
    }

    /** From a plan with guesses, or none, until the next could be made. */
    void stepped(long ns) {
        stepNs = mean(stepNs, ns);
    }

    /** The pipeline found {@code rightCount} of {@code count} guesses right, and after those one wrong unless all were. */
    void verified(int count, int rightCount) {
        right = (1 - WEIGHT / 4) * right + rightCount;
        tried = (1 - WEIGHT / 4) * tried + rightCount + (rightCount < count ? 1 : 0);
    }

    /** Longest wait for {@code count} guesses. */
    long patienceNs(int count) {
        return (long) Math.max(LEAST_PATIENCE_NS, 4 * count * tokenNs);
    }

    private static double mean(double before, double measured) {
        return before == 0 ? measured : (1 - WEIGHT) * before + WEIGHT * measured;
    }
}
