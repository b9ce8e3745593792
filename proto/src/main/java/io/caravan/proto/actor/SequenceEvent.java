package io.caravan.proto.actor;

import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.TokenChoice;
import java.util.List;

/** What the one who submitted a sequence hears of it. */
public sealed interface SequenceEvent extends CaravanMessage {
    long sequenceId();

    /** The request was taken; it may still wait. Sent again for each repeated submission. */
    record Accepted(long sequenceId) implements SequenceEvent {}

    /** Tokens committed, in order of their positions; a receiver drops positions it has seen. */
    record Tokens(long sequenceId, List<TokenChoice> tokens) implements SequenceEvent {
        public Tokens {
            tokens = List.copyOf(tokens);
        }
    }

    /**
     * The sequence ended; nothing follows.
     *
     * @param completionCount tokens of the completion, so that a receiver knows whether it has them all
     */
    record Finished(long sequenceId, FinishReason reason, int completionCount) implements SequenceEvent {}

    /** The request was not taken, or cannot go on; nothing follows. */
    record Refused(long sequenceId, Refusal refusal, String message) implements SequenceEvent {}

    /** The kinds of refusal, which the gateway turns into status codes. */
    enum Refusal {
        /** The request itself is wrong, as a prompt longer than the context. */
        INVALID,
        /** The waiting queue is full: later, perhaps. */
        OVERLOADED,
        /** No pipeline could serve it before its deadline. */
        UNAVAILABLE,
        /** It cannot be computed, as with weights that are damaged; asking again gives the same. */
        FAILED
    }
}
