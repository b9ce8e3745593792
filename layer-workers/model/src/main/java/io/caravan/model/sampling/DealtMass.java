package io.caravan.model.sampling;

import io.caravan.kernels.LogitKernels;
import io.caravan.kernels.LogitKernels.Dealing;

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
    private Dealing dealing = new Dealing(new float[0], new float[0], new float[0], 0, 1, 0, 1);
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
        float lightest = (float) Math.max(least, 1 / LogitKernels.UNITS);
        // the last step is about where weights end that are not left out
        double lastLogit = Math.max(-Math.log(lightest), 1e-3) * temperature;
        float stepsPerLogit = (float) Math.min(LogitKernels.STEPS / lastLogit, Float.MAX_VALUE);
        dealing = new Dealing(weights, sums, logits, vocabSize, lightest, most, stepsPerLogit);
        pickedStep = -1;
        kernels.deal(counts, masses, dealing);
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
        int count = kernels.pick(ids, step, dealing);
        picked.reset(dealing.logits());
        for (int i = 0; i < count; i++) {
            picked.add(ids[i], LogitKernels.mass(dealing.weights()[ids[i]]));
        }
    }
}
