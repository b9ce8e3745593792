package io.caravan.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A stage whose KV pool remembers which token of which sequence was written where. It computes a slice only from what it
 * finds in the slice's blocks, so that a block used wrongly is found out.
 */
final class SimulatedStage {
    private final int blockTokens;
    private final long[] sequenceAt; // [blockCount * blockTokens]
    private final int[] positionAt; // [blockCount * blockTokens]
    private final int[] tokenAt; // [blockCount * blockTokens]
    private final long[] writtenInStep; // [blockCount * blockTokens]
    final ArrayDeque<StepPlan> inbox = new ArrayDeque<>();
    private final Set<Long> faulty = new HashSet<>();
    private long planCount;

    SimulatedStage(int blockCount, int blockTokens) {
        this.blockTokens = blockTokens;
        int slots = blockCount * blockTokens;
        sequenceAt = new long[slots];
        positionAt = new int[slots];
        tokenAt = new int[slots];
        writtenInStep = new long[slots];
        Arrays.fill(positionAt, -1);
    }

    /** Runs the oldest plan that arrived. */
    StepResult run() {
        StepPlan plan = inbox.remove();
        planCount++;
        List<SequenceFault> faults = plan.slices().stream()
                .filter(slice -> slice.tokens().contains(TokenFunction.FAULTY_TOKEN))
                .map(slice -> new SequenceFault(slice.sequenceId(), "faulty"))
                .toList();
        faults.forEach(fault -> faulty.add(fault.sequenceId()));
        return compute(plan.without(faults), faults);
    }

    private StepResult compute(StepPlan plan, List<SequenceFault> faults) {
        plan.slices().stream().filter(slice -> !lacksPrefix(slice)).forEach(this::write);
        var chosen = new ArrayList<StepResult.Chosen>();
        for (SequenceSlice slice : plan.slices()) {
            if (lacksPrefix(slice)) {
                slice.choice()
                        .forEach(choice -> chosen.add(new StepResult.Chosen(
                                slice.sequenceId(), TokenChoice.plain(slice.choicePosition(), 0))));
                continue;
            }
            int[] tokens = read(slice);
            for (var choice : slice.choice()) {
                assertHistory(choice, Arrays.copyOf(tokens, slice.choicePosition()));
                choose(slice, tokens, chosen);
            }
        }
        return new StepResult(plan.epoch(), plan.step(), chosen, faults, List.of());
    }

    /** Whether a plan was in flight already when an earlier part of the sequence failed: what it computes is of no use to anybody. */
    private boolean lacksPrefix(SequenceSlice slice) {
        return faulty.contains(slice.sequenceId()) && slice.startPosition() > 0;
    }

    private static void choose(SequenceSlice slice, int[] tokens, List<StepResult.Chosen> chosen) {
        int position = slice.choicePosition();
        int token = TokenFunction.next(tokens, position);
        chosen.add(new StepResult.Chosen(slice.sequenceId(), TokenChoice.plain(position, token)));
        while (position < tokens.length && tokens[position] == token) {
            position++;
            token = TokenFunction.next(tokens, position);
            chosen.add(new StepResult.Chosen(slice.sequenceId(), TokenChoice.plain(position, token)));
        }
    }

    private static void assertHistory(SequenceSlice.Choice choice, int[] prefix) {
        if (choice.sampling().needsHistory()) {
            assertThat(choice.history().toArray()).isEqualTo(prefix);
        } else {
            assertThat(choice.history().isEmpty()).isTrue();
        }
    }

    private void write(SequenceSlice slice) {
        for (int i = 0; i < slice.tokens().size(); i++) {
            int position = slice.startPosition() + i;
            int slot = slot(slice, position);
            check(writtenInStep[slot] != planCount, "two slices of a plan write one slot", slice, position);
            writtenInStep[slot] = planCount;
            sequenceAt[slot] = slice.sequenceId();
            positionAt[slot] = position;
            tokenAt[slot] = slice.tokens().get(i);
        }
    }

    private int[] read(SequenceSlice slice) {
        int[] prefix = new int[slice.endPosition()];
        for (int position = 0; position < prefix.length; position++) {
            int slot = slot(slice, position);
            check(
                    sequenceAt[slot] == slice.sequenceId() && positionAt[slot] == position,
                    "a slice reads another's keys and values",
                    slice,
                    position);
            prefix[position] = tokenAt[slot];
        }
        return prefix;
    }

    private int slot(SequenceSlice slice, int position) {
        return slice.blocks().get(position / blockTokens) * blockTokens + position % blockTokens;
    }

    private static void check(boolean holds, String what, SequenceSlice slice, int position) {
        if (!holds) {
            throw new AssertionError(what + ": position " + position + " of " + slice);
        }
    }
}
