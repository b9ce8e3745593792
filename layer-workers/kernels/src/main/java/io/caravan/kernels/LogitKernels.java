package io.caravan.kernels;

/**
 * The passes over a whole vocabulary that choosing a token takes. They read the host's memory, and every provider and CPU
 * gives the same bits, so that a token does not depend on who chose it: operations are exactly rounded ones in an order that
 * is given here.
 */
public interface LogitKernels {

    /** Neighbouring logits that are summed up together. */
    int BLOCK = 64;

    /** A block's sum is made of so many, each of every sixteenth weight in their order, that are then added half to half. */
    int LANES = 16;

    /** Blocks that {@code count} logits take; the last may be incomplete. */
    static int blocks(int count) {
        return Math.ceilDiv(count, BLOCK);
    }

    /**
     * The highest logit of each block; NaN where one of them is.
     *
     * @param highest [>= blocks]
     * @param logits [>= count]
     */
    void highest(float[] highest, float[] logits, int count);

    /**
     * weights[i] = e^((logits[i] - most) / temperature), to about one unit in the last place, and 0 below about e^-88.
     *
     * @param weights [>= count]
     * @param sums [>= blocks] the sum of each block's weights, which is not less than any of them
     * @param most the highest of the logits, finite
     * @param temperature above 0
     */
    void weigh(float[] weights, float[] sums, float[] logits, int count, float most, float temperature);
}
