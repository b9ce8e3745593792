package io.caravan.worker.stage;

import io.caravan.model.Choices;
import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Arithmetic that a test can do in its head: a row's hidden state is its token id, each layer adds one, and the token chosen
 * is the last row's state. So a pipeline of any cuts answers token t with t + layers.
 */
final class FakeCompute implements StageCompute {
    static final int MAX_ROWS = 8;
    static final int UNFIT_TOKEN = 666;
    static final int BREAKING_TOKEN = 999;
    /** Whose logits are not numbers. */
    static final int NAN_TOKEN = 555;

    private final StageAssignment assignment;
    private final UnsafeBuffer hidden = new UnsafeBuffer(new byte[MAX_ROWS * Integer.BYTES]);
    private volatile boolean closed;

    FakeCompute(StageAssignment assignment) {
        this.assignment = assignment;
    }

    @Override
    public String kernels() {
        return "fake/fingers";
    }

    @Override
    public HeldWeights weights() {
        return new HeldWeights(100L * assignment.layers().layerCount(), "BF16");
    }

    @Override
    public long kvBytes() {
        return 10L * assignment.layers().layerCount();
    }

    @Override
    public int maxRows() {
        return MAX_ROWS;
    }

    @Override
    public int hiddenSize() {
        return 1;
    }

    @Override
    public void writeHidden(TensorType type, DirectBuffer source, int offset, int rows) {
        hidden.putBytes(0, source, offset, rows * Integer.BYTES);
    }

    @Override
    public List<SequenceFault> faults(StepPlan plan) {
        return plan.slices().stream()
                .filter(slice -> slice.tokens().contains(unfitToken()))
                .map(slice ->
                        new SequenceFault(slice.sequenceId(), "token " + unfitToken() + " is not in the vocabulary"))
                .toList();
    }

    /** Each stage has one of its own, so that a test may have it found on any. */
    private int unfitToken() {
        return UNFIT_TOKEN + assignment.stage().index();
    }

    @Override
    public void forward(StepPlan plan) {
        if (!faults(plan).isEmpty()) {
            throw new IllegalArgumentException(faults(plan).getFirst().reason());
        }
        int row = 0;
        for (SequenceSlice slice : plan.slices()) {
            for (int i = 0; i < slice.tokens().size(); i++) {
                int token = slice.tokens().get(i);
                if (token == BREAKING_TOKEN) {
                    throw new IllegalStateException("the fingers broke");
                }
                int state = assignment.first() ? token : hidden.getInt(row * Integer.BYTES);
                hidden.putInt(row * Integer.BYTES, state + assignment.layers().layerCount());
                row++;
            }
        }
    }

    @Override
    public void readHidden(TensorType type, MutableDirectBuffer target, int offset, int rows) {
        target.putBytes(offset, hidden, 0, rows * Integer.BYTES);
    }

    @Override
    public Choices choose(StepPlan plan) {
        var chosen = new ArrayList<StepResult.Chosen>();
        var faults = new ArrayList<SequenceFault>();
        int row = 0;
        for (SequenceSlice slice : plan.slices()) {
            row += slice.tokens().size();
            if (!slice.choice().isEmpty() && slice.tokens().contains(NAN_TOKEN)) {
                faults.add(new SequenceFault(slice.sequenceId(), "the logits are not numbers"));
            } else if (!slice.choice().isEmpty()) {
                int token = hidden.getInt((row - 1) * Integer.BYTES);
                chosen.add(new StepResult.Chosen(slice.sequenceId(), TokenChoice.plain(slice.endPosition(), token)));
            }
        }
        return new Choices(chosen, faults);
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
    }
}
