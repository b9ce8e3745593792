package io.caravan.model;

import io.caravan.kernels.Device;
import io.caravan.kernels.Tensor;
import io.caravan.model.layer.Head;
import io.caravan.model.sampling.Sampler;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The end of the pipeline: logits of the rows that choose, group by group, and a token from each. */
final class TokenChooser {

    /** A slice that chooses, and the row of its last token. */
    private record Candidate(SequenceSlice slice, int row) {}

    private final Device device;
    private final Head head;
    private final Sampler sampler;
    private final float[] groupLogits; // [groupRows, vocab]
    private final float[] logits; // [vocab]

    TokenChooser(Device device, ModelSpec spec, Head head) {
        this.device = device;
        this.head = head;
        sampler = new Sampler(spec.vocabSize());
        groupLogits = new float[Math.multiplyExact(head.groupRows(), spec.vocabSize())];
        logits = new float[spec.vocabSize()];
    }

    /** Tokens for the slices of {@code plan} that ask for one, in its order. hidden [maxRows, hidden] */
    List<StepResult.Chosen> choose(Tensor hidden, StepPlan plan) {
        List<Candidate> candidates = candidates(plan);
        var chosen = new ArrayList<StepResult.Chosen>(candidates.size());
        for (int from = 0; from < candidates.size(); from += head.groupRows()) {
            int to = Math.min(from + head.groupRows(), candidates.size());
            chooseGroup(hidden, candidates.subList(from, to), chosen);
        }
        return chosen;
    }

    private static List<Candidate> candidates(StepPlan plan) {
        var candidates = new ArrayList<Candidate>();
        int endRow = 0;
        for (SequenceSlice slice : plan.slices()) {
            endRow += slice.tokens().size();
            if (!slice.choice().isEmpty()) {
                candidates.add(new Candidate(slice, endRow - 1));
            }
        }
        return candidates;
    }

    private void chooseGroup(Tensor hidden, List<Candidate> group, List<StepResult.Chosen> chosen) {
        int[] rows = group.stream().mapToInt(Candidate::row).toArray();
        head.forward(device.kernels(), hidden, rows);
        long byteCount = TensorType.F32.bytes((long) rows.length * logits.length);
        device.read(head.logits(), MemorySegment.ofArray(groupLogits), byteCount);
        for (int i = 0; i < rows.length; i++) {
            SequenceSlice slice = group.get(i).slice();
            System.arraycopy(groupLogits, i * logits.length, logits, 0, logits.length);
            TokenChoice choice =
                    sampler.choose(logits, slice.endPosition(), slice.choice().getFirst());
            chosen.add(new StepResult.Chosen(slice.sequenceId(), choice));
        }
    }
}
