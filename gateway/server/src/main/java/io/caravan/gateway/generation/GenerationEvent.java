package io.caravan.gateway.generation;

import io.caravan.gateway.http.Outside;
import io.caravan.proto.sequence.TokenChoice;
import java.util.List;

/** What a client's stream hears of a generation, in order; {@link Finished} or {@link Failed} is the last. */
public sealed interface GenerationEvent {

    /** The event as its client may hear it; what is left out goes into the log, under the request's id. */
    default GenerationEvent forOutside(String requestId) {
        return this;
    }

    /**
     * More of the completion.
     *
     * @param text whole characters; empty while a character or a stop string may still be unfinished
     * @param tokens as they were chosen, whether or not their text is told yet
     */
    record Delta(String text, List<TokenChoice> tokens) implements GenerationEvent {
        public Delta {
            tokens = List.copyOf(tokens);
        }
    }

    /** The completion is whole. */
    record Finished(End end, int promptTokenCount, int completionTokenCount) implements GenerationEvent {}

    /** The completion cannot be given, or not to its end; {@code message} is for the client. */
    record Failed(Failure failure, String message) implements GenerationEvent {
        @Override
        public GenerationEvent forOutside(String requestId) {
            return new Failed(failure, Outside.told(message, requestId));
        }
    }

    /** Why a completion is whole. */
    enum End {
        /** An end token was drawn or a stop string came. */
        STOP,
        /** It has its most tokens, or the context is full. */
        LENGTH
    }

    /** Why a completion is not. */
    enum Failure {
        /** The request itself is wrong. */
        INVALID,
        /** The model cannot compute it, however often it is asked. */
        FAILED,
        /** The pipeline's waiting queue is full: later, perhaps. */
        OVERLOADED,
        /** No pipeline could serve it in time. */
        UNAVAILABLE,
        /** Its deadline passed while it was being written. */
        DEADLINE,
        /** It was cancelled, here or at the pipeline. */
        CANCELLED
    }
}
