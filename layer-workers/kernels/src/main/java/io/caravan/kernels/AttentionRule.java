package io.caravan.kernels;

/**
 * What queries make of the keys that they meet in a layer.
 *
 * @param scale multiplies each score
 * @param window how many positions a row sees, its own and those just before it; {@link #UNLIMITED} for all of them
 */
public record AttentionRule(double scale, int window) {
    /** A window without an end. */
    public static final int UNLIMITED = Integer.MAX_VALUE;

    public AttentionRule {
        if (!(scale > 0) || window < 1) {
            throw new IllegalArgumentException(
                    "attention needs a positive scale and a window of at least 1, not " + scale + " and " + window);
        }
    }

    /** LLaMA's: scores are divided by sqrt(headDim), and nothing is too long ago. */
    public static AttentionRule plain(int headDim) {
        return new AttentionRule(1 / Math.sqrt(headDim), UNLIMITED);
    }

    /** The first position that a row at {@code position} sees. */
    public int firstVisible(int position) {
        return Math.max(0, position - window + 1);
    }
}
