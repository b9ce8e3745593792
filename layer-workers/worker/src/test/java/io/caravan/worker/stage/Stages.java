package io.caravan.worker.stage;

import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.actor.StageId;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.Precision;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import java.util.List;

/** Assignments and plans for tests. */
final class Stages {
    static final String WORKER = "pekko://caravan@127.0.0.1:2551";
    static final int LAYERS_PER_STAGE = 10;
    static final ModelRef MODEL = new ModelRef("/models/fake", "f00d");

    private Stages() {}

    /** Stage {@code index} of {@code count}, with ten layers. */
    static StageAssignment stage(int index, int count, long epoch) {
        return stage(index, count, epoch, MODEL, WORKER);
    }

    static StageAssignment stage(int index, int count, long epoch, ModelRef model, String worker) {
        return new StageAssignment(
                new StageId("test", index),
                count,
                new LayerRange(index * LAYERS_PER_STAGE, (index + 1) * LAYERS_PER_STAGE),
                model,
                worker,
                epoch,
                16,
                4,
                Precision.usual(TensorType.F32),
                FakeCompute.MAX_ROWS);
    }

    /** A step of one sequence that asks for the token after {@code tokens}. */
    static StepPlan plan(long epoch, long step, int... tokens) {
        return together(epoch, step, slice(7, tokens));
    }

    static StepPlan together(long epoch, long step, SequenceSlice... slices) {
        return new StepPlan(epoch, step, List.of(slices));
    }

    /** The part of a sequence that asks for the token after {@code tokens}. */
    static SequenceSlice slice(long sequenceId, int... tokens) {
        var choice = new SequenceSlice.Choice(Sampling.GREEDY, TokenIds.EMPTY, 0, false);
        return new SequenceSlice(sequenceId, 0, TokenIds.of(tokens), TokenIds.of(0, 1), List.of(choice));
    }
}
