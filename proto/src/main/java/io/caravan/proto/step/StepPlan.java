package io.caravan.proto.step;

import java.util.List;

/**
 * What every stage runs in one step: a micro-batch.
 *
 * @param epoch of the placement it was made for
 * @param step counts up from 1 within an epoch
 * @param slices a sequence appears once; none are left where a stage could compute none of them, and the step still passes
 *     the stages behind, so that its result comes in its turn
 */
public record StepPlan(long epoch, long step, List<SequenceSlice> slices) {
    public StepPlan {
        slices = List.copyOf(slices);
    }

    /** Rows of hidden states that the step computes. */
    public int rowCount() {
        return slices.stream().mapToInt(slice -> slice.tokens().size()).sum();
    }

    /** The plan for those who are not among {@code faults}. */
    public StepPlan without(List<SequenceFault> faults) {
        return new StepPlan(
                epoch,
                step,
                slices.stream()
                        .filter(slice -> faults.stream().noneMatch(fault -> fault.sequenceId() == slice.sequenceId()))
                        .toList());
    }
}
