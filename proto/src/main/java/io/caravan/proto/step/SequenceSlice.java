package io.caravan.proto.step;

import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenIds;
import java.util.List;

/**
 * One sequence's part of a step plan: the next {@code tokens} of it, to be computed after those already in its blocks.
 *
 * <p>The last of them may be a draft: tokens that somebody guessed and nobody has chosen yet. The last stage then chooses at
 * the row before the draft, and goes on row by row as long as what it chooses is what was drafted, so that a step answers
 * with one token more than it found right. Each is what would have been chosen without a draft: the sampler draws by
 * (seed, position), and a row's logits do not depend on the rows beside it. The slots of drafted tokens that were wrong
 * are written again by the slice that follows.
 *
 * @param promptCount tokens of the sequence that were given, the others having been chosen: where frequencies depend on a
 *     sequence's length, rows of the prompt have the length of the whole prompt, in whatever chunk they come
 * @param startPosition position of the first of {@code tokens}
 * @param tokens a chunk of the prompt, or the one token chosen last, and after it a draft
 * @param blocks ids of the blocks that hold positions 0 up to the last of {@code tokens}, in order
 * @param choice a list of one where the step ends by choosing this sequence's next token, else empty
 */
public record SequenceSlice(
        long sequenceId, int promptCount, int startPosition, TokenIds tokens, TokenIds blocks, List<Choice> choice) {

    public SequenceSlice {
        if (promptCount < 0 || startPosition < 0 || tokens.isEmpty() || choice.size() > 1) {
            throw new IllegalArgumentException(
                    "a slice needs a prompt and a start >= 0, tokens, and at most one choice: "
                            + promptCount + " prompt tokens, start " + startPosition + ", " + tokens.size()
                            + " tokens, "
                            + choice.size() + " choices");
        }
        choice = List.copyOf(choice);
        int draftCount = draftCount(choice);
        if (draftCount < 0 || draftCount >= tokens.size()) {
            throw new IllegalArgumentException("a slice needs a token before its draft: " + tokens.size()
                    + " tokens, of which " + draftCount + " are drafted");
        }
    }

    /** A slice of a sequence whose prompt ends with it. */
    public SequenceSlice(long sequenceId, int startPosition, TokenIds tokens, TokenIds blocks, List<Choice> choice) {
        this(sequenceId, startPosition + tokens.size(), startPosition, tokens, blocks, choice);
    }

    /** Position after the last of this slice's tokens. */
    public int endPosition() {
        return startPosition + tokens.size();
    }

    /** Tokens that the sequence had when {@code position} was first computed: its whole prompt, or all up to there. */
    public int lengthAt(int position) {
        return Math.max(promptCount, position + 1);
    }

    /** Tokens at the end of this slice that are drafted. */
    public int draftCount() {
        return draftCount(choice);
    }

    /** Position of the first token that is chosen: after the tokens that are certain. */
    public int choicePosition() {
        return endPosition() - draftCount();
    }

    private static int draftCount(List<Choice> choice) {
        return choice.isEmpty() ? 0 : choice.getFirst().draftCount();
    }

    /**
     * How the token at {@link #choicePosition()} is to be chosen, and those after it.
     *
     * @param history the whole sequence so far, without the draft, where the sampling needs it, else empty
     * @param historyPromptCount how many of {@code history} are prompt tokens
     * @param logits whether to send the logits back too
     * @param draftCount how many of the slice's last tokens are a draft
     */
    public record Choice(Sampling sampling, TokenIds history, int historyPromptCount, boolean logits, int draftCount) {

        /** A choice with nothing drafted. */
        public Choice(Sampling sampling, TokenIds history, int historyPromptCount, boolean logits) {
            this(sampling, history, historyPromptCount, logits, 0);
        }

        /** The choice that follows when {@code drafted}, the draft up to there, was right. */
        public Choice after(TokenIds drafted) {
            TokenIds longer = sampling.needsHistory() ? history.concat(drafted) : history;
            return new Choice(sampling, longer, historyPromptCount, logits, draftCount - drafted.size());
        }
    }
}
