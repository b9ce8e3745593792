package io.caravan.proto.sequence;

import java.util.Arrays;

/**
 * A token that the sampler chose, and what it chose from.
 *
 * @param position index of the token in its sequence, the prompt's first token being 0
 * @param logprob natural logarithm of its probability before temperature and truncation; NaN where not asked for
 * @param alternatives the most likely tokens, best first; empty where not asked for
 * @param alternativeLogprobs theirs, in the same order
 * @param logits those that the token was chosen from, [vocabSize]; empty where not asked for
 */
public record TokenChoice(
        int position, int token, float logprob, TokenIds alternatives, float[] alternativeLogprobs, float[] logits) {

    private static final float[] NONE = new float[0];

    public TokenChoice {
        if (alternatives.size() != alternativeLogprobs.length) {
            throw new IllegalArgumentException(
                    alternatives.size() + " alternatives but " + alternativeLogprobs.length + " log-probabilities");
        }
    }

    /** A token of which only the id is wanted. */
    public static TokenChoice plain(int position, int token) {
        return new TokenChoice(position, token, Float.NaN, TokenIds.EMPTY, NONE, NONE);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenChoice that
                && position == that.position
                && token == that.token
                && Float.compare(logprob, that.logprob) == 0
                && alternatives.equals(that.alternatives)
                && Arrays.equals(alternativeLogprobs, that.alternativeLogprobs)
                && Arrays.equals(logits, that.logits);
    }

    @Override
    public int hashCode() {
        return 31 * position + token;
    }
}
