package io.caravan.proto.step;

import io.caravan.proto.sequence.TokenChoice;
import java.util.List;

/**
 * What came out of a step.
 *
 * @param tokens for each slice that asked for a choice, in the plan's order: those of its draft that were right, and the one
 *     chosen after them
 * @param timings one for each stage, in their order
 */
public record StepResult(long epoch, long step, List<Chosen> tokens, List<StageTiming> timings) {
    public StepResult {
        tokens = List.copyOf(tokens);
        timings = List.copyOf(timings);
    }

    /** The token chosen for a sequence. */
    public record Chosen(long sequenceId, TokenChoice choice) {}
}
