package io.caravan.model;

import io.caravan.kernels.Device;
import io.caravan.kernels.Tensor;
import io.caravan.model.layer.Head;
import io.caravan.model.sampling.Sampler;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The end of the pipeline: logits of the rows that choose, group by group, and a token from each. Rows of a draft choose
 * while every token before them was the one chosen.
 */
final class TokenChooser {

    /** A row that chooses; {@code drafted} tokens of its slice's draft are at or before it. */
    private record Candidate(SequenceSlice slice, int drafted, int row) {

        int position() {
            return slice.choicePosition() + drafted;
        }

        SequenceSlice.Choice choice() {
            SequenceSlice.Choice first = slice.choice().getFirst();
            return drafted == 0 ? first : first.after(draft(0, drafted));
        }

        /** Whether {@code token}, chosen here, is what was drafted, so that the next row goes on. */
        boolean confirmedBy(int token) {
            return drafted < slice.draftCount() && draft(drafted, drafted + 1).get(0) == token;
        }

        private TokenIds draft(int from, int to) {
            int draftStart = slice.tokens().size() - slice.draftCount();
            return slice.tokens().slice(draftStart + from, draftStart + to);
        }
    }

    private final Device device;
    private final Head head;
    private final Sampler sampler;
    private final float[] groupLogits; // [groupRows, vocab]
    private final float[] logits; // [vocab]

    TokenChooser(Device device, ModelSpec spec, Head head) {
        this.device = device;
        this.head = head;
        sampler = new Sampler(spec.vocabSize(), device.logits());
        groupLogits = new float[Math.multiplyExact(head.groupRows(), spec.vocabSize())];
        logits = new float[spec.vocabSize()];
    }

    /**
     * Tokens for the slices of {@code plan} that ask for them, in its order. A row that cannot choose ends its own sequence's
     * choices, and nobody else's. hidden [maxRows, hidden]
     */
    Choices choose(Tensor hidden, StepPlan plan) {
        List<Candidate> candidates = candidates(plan);
        var chosen = new ArrayList<StepResult.Chosen>(candidates.size());
        var faults = new ArrayList<SequenceFault>();
        boolean open = true; // the rows before the one at hand chose what was drafted
        for (int i = 0; i < candidates.size(); i++) {
            if (i % head.groupRows() == 0) {
                computeLogits(hidden, candidates.subList(i, Math.min(i + head.groupRows(), candidates.size())));
            }
            Candidate candidate = candidates.get(i);
            if (candidate.drafted() == 0 || open) {
                System.arraycopy(groupLogits, i % head.groupRows() * logits.length, logits, 0, logits.length);
                long sequenceId = candidate.slice().sequenceId();
                try {
                    TokenChoice choice = sampler.choose(logits, candidate.position(), candidate.choice());
                    chosen.add(new StepResult.Chosen(sequenceId, choice));
                    open = candidate.confirmedBy(choice.token());
                } catch (ArithmeticException | IllegalArgumentException impossible) {
                    faults.add(new SequenceFault(sequenceId, impossible.getMessage()));
                    open = false;
                }
            }
        }
        return new Choices(chosen, faults);
    }

    private static List<Candidate> candidates(StepPlan plan) {
        var candidates = new ArrayList<Candidate>();
        int endRow = 0;
        for (SequenceSlice slice : plan.slices()) {
            endRow += slice.tokens().size();
            if (!slice.choice().isEmpty()) {
                int first = endRow - 1 - slice.draftCount();
                for (int drafted = 0; drafted <= slice.draftCount(); drafted++) {
                    candidates.add(new Candidate(slice, drafted, first + drafted));
                }
            }
        }
        return candidates;
    }

    private void computeLogits(Tensor hidden, List<Candidate> group) {
        int[] rows = group.stream().mapToInt(Candidate::row).toArray();
        head.forward(device.kernels(), hidden, rows);
        long byteCount = TensorType.F32.bytes((long) rows.length * logits.length);
        device.read(head.logits(), MemorySegment.ofArray(groupLogits), byteCount);
    }
}
