package io.caravan.model;

import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.StepResult.Chosen;
import java.util.List;

/**
 * What the last stage chose in a step.
 *
 * @param tokens for the slices that asked, in the plan's order
 * @param faults sequences of which no more could be chosen, as where logits are not numbers
 */
public record Choices(List<Chosen> tokens, List<SequenceFault> faults) {
    public Choices {
        tokens = List.copyOf(tokens);
        faults = List.copyOf(faults);
    }
}
