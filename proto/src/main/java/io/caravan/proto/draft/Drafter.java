package io.caravan.proto.draft;

import io.caravan.proto.sequence.TokenIds;
import java.util.Optional;

/**
 * Guesses how sequences go on, so that a step can verify several tokens of one. A guess changes when tokens come out, never
 * which. Called by the scheduler's thread only, and must not block.
 */
public interface Drafter {

    /** Guesses nothing. */
    Drafter NONE = new Drafter() {
        @Override
        public Optional<TokenIds> draft(long sequenceId, TokenLog tokens, int most) {
            return Optional.of(TokenIds.EMPTY);
        }

        @Override
        public void forget(long sequenceId) {
            /* nothing is kept */
        }
    };

    /**
     * The tokens that may follow {@code tokens}; ids of the vocabulary only.
     *
     * @param tokens the same view for each call with {@code sequenceId}, grown meanwhile
     * @param most how many are of use, at least 1
     * @return at most {@code most} tokens, or none; empty while they are being worked out, which must have an end: the
     *     sequence then sits this plan out
     */
    Optional<TokenIds> draft(long sequenceId, TokenLog tokens, int most);

    /** The sequence has ended. */
    void forget(long sequenceId);
}
