package io.caravan.proto.step;

import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenIds;
import java.util.List;

/**
 * One sequence's part of a step plan: the next {@code tokens} of it, to be computed after those already in its blocks.
 *
 * @param startPosition position of the first of {@code tokens}
 * @param tokens a chunk of the prompt, or the one token drawn last
 * @param blocks ids of the blocks that hold positions 0 up to the last of {@code tokens}, in order
 * @param choice a list of one where the step ends by choosing this sequence's next token, else empty
 */
public record SequenceSlice(long sequenceId, int startPosition, TokenIds tokens, TokenIds blocks, List<Choice> choice) {

    public SequenceSlice {
        if (startPosition < 0 || tokens.isEmpty() || choice.size() > 1) {
            throw new IllegalArgumentException("a slice needs a start >= 0, tokens, and at most one choice: start "
                    + startPosition + ", " + tokens.size() + " tokens, " + choice.size() + " choices");
        }
        choice = List.copyOf(choice);
    }

    /** Position after the last of this slice's tokens. */
    public int endPosition() {
        return startPosition + tokens.size();
    }

    /**
     * How the token at {@link #endPosition()} is to be chosen.
     *
     * @param history the whole sequence so far where the sampling needs it, else empty
     * @param historyPromptCount how many of {@code history} are prompt tokens
     * @param logits whether to send the logits back too
     */
    public record Choice(Sampling sampling, TokenIds history, int historyPromptCount, boolean logits) {}
}
