package io.caravan.gateway.generation;

import java.time.Duration;

/**
 * The bounds of a generation.
 *
 * @param eventBuffer most events that wait for a slow client before its generation is cancelled
 * @param resubmitAfter silence after which the sequence is submitted again, perhaps to another singleton
 * @param deadlineGrace how long after a request's own deadline the gateway gives up waiting for the pipeline's word
 */
public record GenerationLimits(int eventBuffer, Duration resubmitAfter, Duration deadlineGrace) {
    public GenerationLimits {
        if (eventBuffer < 1 || !resubmitAfter.isPositive() || !deadlineGrace.isPositive()) {
            throw new IllegalArgumentException("caravan.gateway.generation needs positive limits, not " + eventBuffer
                    + ", " + resubmitAfter + ", " + deadlineGrace);
        }
    }
}
