package io.caravan.model.sampling;

import io.caravan.kernels.LogitKernels;

/**
 * The ranking of a whole vocabulary, in few passes over it: tokens are dealt into steps of equal width by score, a question walks the
 * steps' masses, and only the tokens of the one step that matters are ranked. Not thread-safe: it keeps its scratch.
 */
final class DealtMass extends MassByRank {
    private final LogitKernels kernels;
    private final int vocabSize;
    private final int[] counts = new int[LogitKernels.STEPS];
    private final long[] masses = new long[LogitKernels.STEPS];
    private final int[] ids; // [vocab] of the step that was picked last
    private final RankedMass picked;
    private float[] logits = new float[0];
    private float[] weights = new float[0];
    private float[] sums = new float[0];
    private float least;
    private float most;
    private float stepsPerLogit;
    private int pickedStep;

    DealtMass(int vocabSize, LogitKernels kernels) {
        this.vocabSize = vocabSize;
        this.kernels = kernels;
        ids = new int[vocabSize];
        picked = new RankedMass(vocabSize);
    }

    /**
     * Ranks the tokens that weigh {@code least} or more; the arrays must not change while the ranking is in use.
     *
     * @param logits [vocab]
     * @param weights [vocab] of the logits at {@code temperature}
     * @param sums [blocks] of weights
     * @param most the highest logit
     */
    void deal(float[] logits, float[] weights, float[] sums, double least, float most, float temperature) {
        this.logits = logits;
        this.weights = weights;
        this.sums = sums;
        this.most = most;
        this.least = (float) Math.max(least, 1 / LogitKernels.UNITS);
        // the last step is about where weights end that are not left out
        double lastLogit = Math.max(-Math.log(this.least), 1e-3) * temperature;
        stepsPerLogit = (float) Math.min(LogitKernels.STEPS / lastLogit, Float.MAX_VALUE);
        pickedStep = -1;
        kernels.deal(counts, masses, weights, sums, logits, vocabSize, this.least, most, stepsPerLogit);
    }

    @Override
    Place seek(long goal, boolean byMass) {
        int step = 0;
        long tokensBefore = 0;
        long massBefore = 0;
        int last = lastStep();
        while (step < last && (byMass ? massBefore + masses[step] : tokensBefore + counts[step]) <= goal) {
            tokensBefore += counts[step];
            massBefore += masses[step++];
        }
        pick(step);
        Place place = picked.seek(goal - (byMass ? massBefore : tokensBefore), byMass);
        return new Place(place.id(), massBefore + place.massThrough());
    }

    private int lastStep() {
        int step = LogitKernels.STEPS - 1;
        while (counts[step] == 0) {
            step--;
        }
        return step;
    }

    private void pick(int step) {
        if (step == pickedStep) {
            return;
        }
        pickedStep = step;
        int count = kernels.pick(ids, step, weights, sums, logits, vocabSize, least, most, stepsPerLogit);
        picked.reset(logits);
        for (int i = 0; i < count; i++) {
            picked.add(ids[i], LogitKernels.mass(weights[ids[i]]));
        }
    }
}
