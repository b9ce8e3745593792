package io.caravan.proto.step;

import java.util.List;

/**
 * What every stage runs in one step: a micro-batch.
 *
 * @param epoch of the placement it was made for
 * @param step counts up from 1 within an epoch
 * @param slices at least one; a sequence appears once
 */
public record StepPlan(long epoch, long step, List<SequenceSlice> slices) {
    public StepPlan {
        if (slices.isEmpty()) {
            throw new IllegalArgumentException("a step plan needs at least one sequence");
        }
        slices = List.copyOf(slices);
    }

    /** Rows of hidden states that the step computes. */
    public int rowCount() {
        return slices.stream().mapToInt(slice -> slice.tokens().size()).sum();
    }
}
