package io.caravan.kernels;

import java.util.Arrays;

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

    /** Steps of equal width that {@link #deal} tells scores apart by. */
    int STEPS = 1024;

    /**
     * Weights are counted in so small parts of the likeliest token's where tokens are chosen by rank: sums of whole numbers are the same
     * in any order, and what is lighter has no chance that a draw of 53 bits could tell from none.
     */
    float UNITS = 0x1p40f;

    /** Units of a weight, rounded down; the sum of a vocabulary's stays far below 2^63. */
    static long mass(float weight) {
        return (long) (weight * UNITS);
    }

    /**
     * Weighed tokens that are told apart by how many steps their logits lie below the highest.
     *
     * @param weights [>= count]
     * @param sums [>= blocks] none of which is less than a weight of its block
     * @param logits [>= count]
     * @param least lighter tokens are left out; above 0
     * @param most not less than any logit
     * @param stepsPerLogit finite
     */
    record Dealing(
            float[] weights, float[] sums, float[] logits, int count, float least, float most, float stepsPerLogit) {

        /** The first token behind a block, or the block's own first where all of it is too light. */
        int end(int first) {
            return sums[first / BLOCK] < least ? first : Math.min(count, first + BLOCK);
        }

        int step(int id) {
            return (int) Math.min(STEPS - 1, (most - logits[id]) * stepsPerLogit);
        }
    }

    /**
     * Counts the tokens of each step, and their mass.
     *
     * @param counts [STEPS]
     * @param masses [STEPS]
     */
    default void deal(int[] counts, long[] masses, Dealing dealing) {
        Arrays.fill(counts, 0);
        Arrays.fill(masses, 0);
        for (var first = 0; first < dealing.count; first += BLOCK) {
            for (var id = first; id < dealing.end(first); id++) {
                if (dealing.weights[id] >= dealing.least) {
                    counts[dealing.step(id)]++;
                    masses[dealing.step(id)] += mass(dealing.weights[id]);
                }
            }
        }
    }

    /**
     * The tokens of one step, by rising id.
     *
     * @param ids [>= count]
     * @return how many they are
     */
    default int pick(int[] ids, int step, Dealing dealing) {
        var picked = 0;
        for (var first = 0; first < dealing.count; first += BLOCK) {
            for (var id = first; id < dealing.end(first); id++) {
                if (dealing.weights[id] >= dealing.least && dealing.step(id) == step) {
                    ids[picked++] = id;
                }
            }
        }
        return picked;
    }
}
