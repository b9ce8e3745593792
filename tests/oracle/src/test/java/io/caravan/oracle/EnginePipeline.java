package io.caravan.oracle;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.kernels.Device;
import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.model.LoadProgress;
import io.caravan.model.StageModel;
import io.caravan.model.kv.KvShape;
import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import io.caravan.scheduler.engine.Engine;
import io.caravan.scheduler.engine.EngineLimits;
import io.caravan.scheduler.engine.EngineStatus;
import io.caravan.scheduler.engine.Speculation;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/** The scheduler's engine over the stages of a real model, in one process; a stage can be lost on the way. */
final class EnginePipeline implements AutoCloseable {
    private static final int MAX_ROWS = 64;
    private static final KvShape KV = new KvShape(96, 8, TensorType.F16);
    private static final EngineLimits LIMITS = new EngineLimits(16, 16, MAX_ROWS, 16, 1, 0, 0);
    private static final long LONGEST_WAIT_NS = 20_000_000_000L;
    private static final long NAP_NS = 20_000;

    /** Every so many results, on average, a stage is lost. */
    private static final int RESULTS_PER_LOSS = 12;

    private record Stage(LayerRange layers, boolean first, boolean last, Device device, StageModel model) {}

    private final Checkpoint checkpoint;
    private final List<Stage> stages = new ArrayList<>();
    private final float[] hidden; // [MAX_ROWS, hidden]

    EnginePipeline(Path directory, int stageCount) {
        checkpoint = Checkpoints.open(directory);
        hidden = new float[MAX_ROWS * checkpoint.spec().hiddenSize()];
        int layerCount = checkpoint.spec().layerCount();
        for (int i = 0; i < stageCount; i++) {
            var layers = new LayerRange(i * layerCount / stageCount, (i + 1) * layerCount / stageCount);
            stages.add(load(layers, i == 0, i == stageCount - 1));
        }
    }

    private Stage load(LayerRange layers, boolean first, boolean last) {
        Device device = HostDevice.open(KernelChoice.AUTO, 1);
        var model = StageModel.load(checkpoint, layers, first, last, device, KV, MAX_ROWS, LoadProgress.IGNORED);
        return new Stage(layers, first, last, device, model);
    }

    /** What came out, and how. */
    record Outcome(Map<Long, List<TokenChoice>> tokens, EngineStatus status) {}

    /**
     * Runs all requests side by side to their ends.
     *
     * @param losses decides when a stage loses its memory, and which
     */
    Outcome run(List<SequenceRequest> requests, Speculation speculation, List<Random> losses) {
        var engine = new Engine(
                LIMITS,
                speculation,
                stages.size(),
                checkpoint.spec().maxPositions(),
                checkpoint.spec().vocabSize(),
                KV.blockTokens());
        long epoch = 1;
        engine.reset(epoch, KV.blockCount());
        var tokens = new TreeMap<Long, List<TokenChoice>>();
        Set<Long> open = new HashSet<>();
        for (SequenceRequest request : requests) {
            engine.submit(request, 0);
            open.add(request.id());
            tokens.put(request.id(), new ArrayList<>());
        }
        var results = new ArrayDeque<StepResult>();
        long waitUntilNs = System.nanoTime() + LONGEST_WAIT_NS;
        while (!open.isEmpty()) {
            for (var plan = engine.schedule(0); plan.isPresent(); plan = engine.schedule(0)) {
                results.add(compute(plan.get()));
            }
            if (results.isEmpty()) {
                nap(waitUntilNs);
                continue;
            }
            waitUntilNs = System.nanoTime() + LONGEST_WAIT_NS;
            for (SequenceEvent event : engine.update(results.remove(), 0)) {
                hear(event, tokens, open);
            }
            for (Random random : losses) {
                if (random.nextInt(RESULTS_PER_LOSS) == 0) {
                    results.clear();
                    lose(random.nextInt(stages.size()));
                    engine.reset(++epoch, KV.blockCount());
                }
            }
        }
        return new Outcome(tokens, engine.status());
    }

    private static void hear(SequenceEvent event, Map<Long, List<TokenChoice>> tokens, Set<Long> open) {
        switch (event) {
            case SequenceEvent.Accepted accepted -> throw new AssertionError(accepted);
            case SequenceEvent.Tokens more -> tokens.get(more.sequenceId()).addAll(more.tokens());
            case SequenceEvent.Finished finished -> open.remove(finished.sequenceId());
            case SequenceEvent.Refused refused -> throw new AssertionError(refused);
        }
    }

    private static void nap(long untilNs) {
        if (System.nanoTime() - untilNs > 0) {
            throw new AssertionError("no draft came for " + LONGEST_WAIT_NS / 1_000_000_000 + " s");
        }
        LockSupport.parkNanos(NAP_NS);
    }

    private void lose(int index) {
        Stage lost = stages.get(index);
        stages.set(index, load(lost.layers(), lost.first(), lost.last()));
        close(lost);
    }

    private StepResult compute(StepPlan plan) {
        long byteCount =
                TensorType.F32.bytes((long) plan.rowCount() * checkpoint.spec().hiddenSize());
        for (Stage stage : stages) {
            if (!stage.first()) {
                stage.device().write(stage.model().hidden(), MemorySegment.ofArray(hidden), byteCount);
            }
            stage.model().forward(plan);
            if (!stage.last()) {
                stage.device().read(stage.model().hidden(), MemorySegment.ofArray(hidden), byteCount);
            }
        }
        return new StepResult(
                plan.epoch(), plan.step(), stages.getLast().model().choose(plan).tokens(), List.of());
    }

    private static void close(Stage stage) {
        stage.model().close();
        stage.device().close();
    }

    @Override
    public void close() {
        stages.forEach(EnginePipeline::close);
        checkpoint.close();
    }
}
