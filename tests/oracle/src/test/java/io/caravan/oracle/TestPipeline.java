package io.caravan.oracle;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.kernels.Device;
import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.kernels.Tensor;
import io.caravan.model.LoadProgress;
import io.caravan.model.StageModel;
import io.caravan.model.kv.KvShape;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** All stages of a model in one process, each on a device of its own; hidden states are copied from one to the next. */
final class TestPipeline implements AutoCloseable {
    private static final int MAX_ROWS = 640;

    /**
     * How a pipeline is set up; its promise is that only the kernels and the types show in the bits.
     *
     * @param stageCount the layers are cut as evenly as they go
     */
    record Setup(
            KernelChoice kernels,
            ActivationChoice activations,
            int stageCount,
            int threads,
            KvShape kvShape,
            TensorType wire) {
        static Setup of(KernelChoice kernels) {
            return new Setup(kernels, ActivationChoice.AUTO, 1, 1, new KvShape(320, 8, TensorType.F32), TensorType.F32);
        }

        Setup activations(ActivationChoice choice) {
            return new Setup(kernels, choice, stageCount, threads, kvShape, wire);
        }

        Setup stages(int count) {
            return new Setup(kernels, activations, count, threads, kvShape, wire);
        }

        Setup threads(int count) {
            return new Setup(kernels, activations, stageCount, count, kvShape, wire);
        }

        Setup kv(KvShape shape) {
            return new Setup(kernels, activations, stageCount, threads, shape, wire);
        }

        Setup wire(TensorType type) {
            return new Setup(kernels, activations, stageCount, threads, kvShape, type);
        }
    }

    private record Stage(StageModel model, Device device) {}

    private final Checkpoint checkpoint;
    private final List<Stage> stages = new ArrayList<>();
    private final BlockTables tables;
    private final TensorType wire;
    private final MemorySegment hidden; // wire [MAX_ROWS, hidden]
    private long step;

    TestPipeline(Path directory, Setup setup) {
        this(Checkpoints.open(directory), setup);
    }

    /** @param checkpoint closed with the pipeline */
    TestPipeline(Checkpoint checkpoint, Setup setup) {
        this.checkpoint = checkpoint;
        tables = new BlockTables(setup.kvShape());
        wire = setup.wire();
        hidden = MemorySegment.ofArray(
                new byte
                        [Math.toIntExact(
                                wire.bytes((long) MAX_ROWS * checkpoint.spec().hiddenSize()))]);
        int layerCount = checkpoint.spec().layerCount();
        int stageCount = setup.stageCount();
        for (int i = 0; i < stageCount; i++) {
            var range = new LayerRange(i * layerCount / stageCount, (i + 1) * layerCount / stageCount);
            Device device = HostDevice.open(setup.kernels(), setup.threads(), setup.activations());
            StageModel model = StageModel.load(
                    checkpoint,
                    range,
                    i == 0,
                    i == stageCount - 1,
                    device,
                    setup.kvShape(),
                    MAX_ROWS,
                    LoadProgress.IGNORED);
            stages.add(new Stage(model, device));
        }
    }

    /** Takes one step with the sequences that are not finished. */
    void step(List<TestSequence> sequences) {
        Map<Long, TestSequence> active = sequences.stream()
                .filter(sequence -> !sequence.finished())
                .collect(Collectors.toMap(sequence -> sequence.id, Function.identity()));
        step++;
        var plan = new StepPlan(
                1,
                step,
                active.values().stream().map(sequence -> sequence.next(tables)).toList());
        for (StepResult.Chosen chosen : run(plan)) {
            active.get(chosen.sequenceId()).accept(chosen.choice());
        }
        int row = 0;
        for (SequenceSlice slice : plan.slices()) {
            for (int i = 0; i < slice.tokens().size(); i++) {
                active.get(slice.sequenceId()).acceptHidden(lastHidden(row++));
            }
        }
    }

    /** What the last layer made of a row, [hidden]. */
    private float[] lastHidden(int row) {
        Tensor last = stages.getLast().model().hidden();
        return last.data()
                .asSlice(row * TensorType.F32.bytes(last.columns()), TensorType.F32.bytes(last.columns()))
                .toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Runs a sequence alone from beginning to end and frees its blocks. */
    TestSequence run(TestSequence sequence) {
        return run(List.of(sequence)).getFirst();
    }

    /** Runs sequences side by side until all have ended and frees their blocks. */
    List<TestSequence> run(List<TestSequence> sequences) {
        while (!sequences.stream().allMatch(TestSequence::finished)) {
            step(sequences);
        }
        sequences.forEach(sequence -> tables.release(sequence.id));
        return sequences;
    }

    List<StepResult.Chosen> run(StepPlan plan) {
        long count = (long) plan.rowCount() * checkpoint.spec().hiddenSize();
        for (int i = 0; i < stages.size(); i++) {
            Stage stage = stages.get(i);
            if (i > 0) {
                stage.device().write(stage.model().hidden(), wire, hidden, count);
            }
            stage.model().forward(plan);
            if (i < stages.size() - 1) {
                stage.device().read(stage.model().hidden(), wire, hidden, count);
            }
        }
        return stages.getLast().model().choose(plan).tokens();
    }

    @Override
    public void close() {
        for (Stage stage : stages) {
            stage.model().close();
            stage.device().close();
        }
        checkpoint.close();
    }
}
