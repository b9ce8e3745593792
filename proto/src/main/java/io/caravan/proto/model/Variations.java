package io.caravan.proto.model;

import java.util.List;

/**
 * Where a model's arithmetic differs from plain LLaMA's. Families of models are not known beyond their configuration files:
 * a layer is told only what to do otherwise.
 *
 * @param queryKeyValueBias whether queries, keys and values have biases
 * @param attentionOutputBias whether attention's output has one
 * @param feedForwardBias whether the three projections of the feed-forward branch have biases
 * @param queryKeyNorm whether each head of queries and keys is normed before it is rotated
 * @param window how many positions a row of a windowed layer sees, its own included
 * @param windowedLayers layers that see no further back than the window
 * @param unrotatedLayers layers without rotary embedding
 */
public record Variations(
        boolean queryKeyValueBias,
        boolean attentionOutputBias,
        boolean feedForwardBias,
        boolean queryKeyNorm,
        int window,
        List<Integer> windowedLayers,
        List<Integer> unrotatedLayers,
        Multipliers multipliers) {

    /** A window without an end. */
    public static final int UNLIMITED = Integer.MAX_VALUE;

    /** Plain LLaMA. */
    public static final Variations NONE =
            new Variations(false, false, false, false, UNLIMITED, List.of(), List.of(), Multipliers.ONE);

    /**
     * Factors beside the weights.
     *
     * @param embedding of the embedding's rows
     * @param residual of what a branch adds to the hidden states
     * @param attention of scores, beside 1 / sqrt(headDim)
     * @param logits of logits
     */
    public record Multipliers(double embedding, double residual, double attention, double logits) {
        public static final Multipliers ONE = new Multipliers(1, 1, 1, 1);

        public Multipliers {
            requirePositive("embedding", embedding);
            requirePositive("residual", residual);
            requirePositive("attention", attention);
            requirePositive("logits", logits);
        }

        private static void requirePositive(String what, double value) {
            if (!(value > 0 && Double.isFinite(value))) {
                throw new IllegalArgumentException("the multiplier of " + what + " must be positive, not " + value);
            }
        }
    }

    public Variations {
        windowedLayers = List.copyOf(windowedLayers);
        unrotatedLayers = List.copyOf(unrotatedLayers);
        if (window < 1) {
            throw new IllegalArgumentException("sliding_window must be at least 1, not " + window);
        }
    }

    /** The same beside other multipliers. */
    public Variations withMultipliers(Multipliers others) {
        return new Variations(
                queryKeyValueBias,
                attentionOutputBias,
                feedForwardBias,
                queryKeyNorm,
                window,
                windowedLayers,
                unrotatedLayers,
                others);
    }

    /** How many positions a row of {@code layer} sees, its own included. */
    public int windowOf(int layer) {
        return windowedLayers.contains(layer) ? window : UNLIMITED;
    }

    /** Whether {@code layer} rotates queries and keys. */
    public boolean rotates(int layer) {
        return !unrotatedLayers.contains(layer);
    }
}
