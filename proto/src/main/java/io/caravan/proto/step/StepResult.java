package io.caravan.proto.step;

import io.caravan.proto.sequence.TokenChoice;
import java.util.List;

/**
 * What came out of a step.
 *
 * @param tokens for each slice that asked for a choice, in the plan's order: those of its draft that were right, and the one
 *     chosen after them
 * @param faults sequences that have no more tokens than those, because a stage could not compute them; each once
 * @param timings one for each stage, in their order
 */
public record StepResult(
        long epoch, long step, List<Chosen> tokens, List<SequenceFault> faults, List<StageTiming> timings) {
    public StepResult {
        tokens = List.copyOf(tokens);
        faults = List.copyOf(faults);
        timings = List.copyOf(timings);
    }

    /** A result of a step in which nothing went wrong. */
    public StepResult(long epoch, long step, List<Chosen> tokens, List<StageTiming> timings) {
        this(epoch, step, tokens, List.of(), timings);
    }

    /** The token chosen for a sequence. */
    public record Chosen(long sequenceId, TokenChoice choice) {}
}
