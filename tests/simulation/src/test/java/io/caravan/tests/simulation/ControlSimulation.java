package io.caravan.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.actor.StageEvent;
import io.caravan.proto.actor.StageId;
import io.caravan.proto.actor.StageSeat;
import io.caravan.proto.actor.StageState;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.Precision;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.scheduler.placement.KvBudget;
import io.caravan.scheduler.placement.Placement;
import io.caravan.scheduler.recovery.ControlSettings;
import io.caravan.scheduler.recovery.Effect;
import io.caravan.scheduler.recovery.PipelineControl;
import io.caravan.scheduler.recovery.PipelineState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A pipeline's control over simulated workers and stages: workers join, die and are started anew, stages fail, messages are
 * lost and late, plans vanish. Once the faults end and there is room, tokens come out.
 */
final class ControlSimulation {
    private static final int EVENT_COUNT = 300;
    private static final long FIRST_EPOCH = 1_000_000;
    private static final long CLOCK_BEHIND = 10_000;
    private static final int MAX_WORKERS = 6;
    private static final long TICK_NS = 100_000_000;
    private static final long ROOMY_BYTES = 1L << 30;
    private static final int QUIET_TICKS = 4_000;
    private static final LinkEndpoint RESULTS = new LinkEndpoint("memory", 0, 1000, "m");

    private final Random random;
    private final int stageCount;
    private final ControlSettings settings;
    private final Placement placement;
    private final Map<String, WorkerInfo> workers = new TreeMap<>();
    private final List<StageEvent> late = new ArrayList<>();
    private final Map<StageSeat, StageAssignment> assignments = new HashMap<>();
    private PipelineControl control;
    private long nowNs;
    private long lastEpoch = FIRST_EPOCH;
    private long startedEpoch;
    private long nextPid = 1;

    ControlSimulation(long seed) {
        random = new Random(seed);
        stageCount = 1 + random.nextInt(4);
        var spec = new ModelSpec(
                "simulated",
                64,
                128,
                8,
                4,
                4,
                16,
                256,
                512,
                1e-5f,
                10_000,
                new RopeScaling.None(),
                false,
                TokenIds.EMPTY,
                TensorType.F32);
        settings = new ControlSettings(
                "main",
                new ModelRef("/models/simulated", "fingerprint"),
                "1",
                stageCount,
                1 + random.nextInt(2),
                64,
                16,
                Precision.usual(TensorType.F16),
                2 * TICK_NS,
                50 * TICK_NS,
                3 * TICK_NS,
                5 * TICK_NS,
                40 * TICK_NS,
                random.nextInt(3),
                20 * TICK_NS);
        placement = new Placement(spec, new KvBudget(TensorType.F16, 16, 64, 512), Bf16Storage.SIXTEEN_BITS);
        control = new PipelineControl(settings, placement, RESULTS, FIRST_EPOCH);
    }

    void run() {
        for (int i = 0; i < EVENT_COUNT; i++) {
            event();
            check();
        }
        recover();
    }

    private void event() {
        nowNs += random.nextLong(TICK_NS);
        if (random.nextInt(60) == 0) {
            restartScheduler();
        }
        switch (random.nextInt(20)) {
            case 0, 1 -> join("w" + random.nextInt(MAX_WORKERS), 200_000 + random.nextLong(3_000_000));
            case 2 -> leave();
            case 3 -> failAStage();
            case 4 -> apply(control.onSilence(lastEpoch - random.nextInt(2)), true);
            case 12 -> apply(control.onPlansLost(lastEpoch - random.nextInt(2), "no result came", nowNs), true);
            case 5, 6, 7 -> apply(control.onFirstResult(lastEpoch - random.nextInt(2), nowNs), true);
            case 8, 9, 10, 11 -> apply(control.onTick(nowNs), true);
            default -> answer();
        }
    }

    /**
     * It dies, and its successor, which may have another clock, knows nothing but the workers that are there: of the stages it
     * hears only when it places one where one is.
     */
    private void restartScheduler() {
        boolean behind = random.nextInt(3) == 0;
        long usedEpoch = behind ? lastEpoch - CLOCK_BEHIND : lastEpoch + random.nextInt(3);
        lastEpoch = usedEpoch;
        startedEpoch = usedEpoch;
        late.clear();
        control = new PipelineControl(settings, placement, RESULTS, usedEpoch);
        workers.values().forEach(worker -> apply(control.onWorker(worker, nowNs), true));
    }

    private void join(String name, long memoryBytes) {
        var worker = new WorkerInfo(name, name, "1", nextPid++, 2, memoryBytes, 1 + random.nextInt(1000), kernels());
        workers.put(name, worker);
        apply(control.onWorker(worker, nowNs), true);
    }

    private String kernels() {
        return random.nextInt(4) == 0 ? "vector" : "scalar";
    }

    private void leave() {
        if (!workers.isEmpty()) {
            String name = List.copyOf(workers.keySet()).get(random.nextInt(workers.size()));
            workers.remove(name);
            apply(
                    switch (random.nextInt(3)) {
                        case 0 -> control.onWorkerGone(name, nowNs);
                        case 1 -> control.onWorkerLeaving(name, nowNs);
                        default -> control.onWorkerLost(name, nowNs);
                    },
                    true);
        }
    }

    private void failAStage() {
        if (!assignments.isEmpty()) {
            var assignment = List.copyOf(assignments.values()).get(random.nextInt(assignments.size()));
            late.add(new StageEvent.Failed(
                    assignment.stage(), assignment.epoch(), assignment.worker(), "a simulated fault"));
        }
    }

    /** One of the stages' answers arrives, not necessarily the oldest. */
    private void answer() {
        if (!late.isEmpty()) {
            apply(control.onStageEvent(late.remove(random.nextInt(late.size())), nowNs), true);
        }
    }

    private void apply(List<Effect> effects, boolean faulty) {
        for (Effect effect : effects) {
            boolean lost = faulty && random.nextInt(4) == 0;
            switch (effect) {
                case Effect.Load load -> onLoad(load.assignment(), lost);
                case Effect.Connect connect -> onConnect(connect, lost);
                case Effect.Start start -> onStart(start);
                case Effect.Warn warn -> assertThat(warn.what()).contains("computes with");
                case Effect.Suspend suspend -> assertThat(suspend.why()).startsWith("no step ran: ");
                case Effect.Resumed resumed -> assertThat(resumed.epoch()).isEqualTo(startedEpoch);
                case Effect.Unload unload -> assignments.remove(unload.seat());
                case Effect.Check check -> assertThat(workers).containsKey(check.worker());
                case Effect.Down down -> assertThat(workers).doesNotContainKey(down.worker());
                case Effect.Refuse refuse -> throw new AssertionError(refuse);
            }
        }
    }

    private void onLoad(StageAssignment assignment, boolean lost) {
        assertThat(workers).as("a stage is placed on a worker that is there").containsKey(assignment.worker());
        assertThat(assignment.epoch()).isEqualTo(control.epoch());
        var seat = new StageSeat(assignment.stage(), assignment.worker());
        long knownEpoch = assignments.containsKey(seat) ? assignments.get(seat).epoch() : 0;
        if (!lost && knownEpoch > assignment.epoch()) {
            late.add(new StageEvent.Status(
                    assignment.stage(), knownEpoch, assignment.worker(), StageState.SERVING, 0, 0, 0));
        } else if (!lost) {
            assignments.put(seat, assignment);
            late.add(new StageEvent.Ready(
                    assignment.stage(),
                    assignment.epoch(),
                    assignment.worker(),
                    new LinkEndpoint("memory", 0, assignment.stage().index(), "m"),
                    "scalar",
                    new HeldWeights(1, "BF16"),
                    1));
        }
    }

    private void onConnect(Effect.Connect connect, boolean lost) {
        boolean last = connect.seat().stage().index() == stageCount - 1;
        assertThat(connect.next().streamId())
                .isEqualTo(last ? 1000 : connect.seat().stage().index() + 1);
        if (!lost) {
            late.add(new StageEvent.Serving(connect.seat().stage(), connect.epoch()));
        }
    }

    private void onStart(Effect.Start start) {
        assertThat(start.epoch()).as("an epoch starts once").isGreaterThan(startedEpoch);
        for (int i = 0; i < stageCount; i++) {
            var id = new StageId("main", i);
            var held = assignments.get(new StageSeat(id, control.locate(id)));
            if (held != null) {
                assertThat(held.epoch())
                        .as("no stage serves an epoch below one it was told")
                        .isLessThanOrEqualTo(start.epoch());
            }
        }
        assertThat(start.firstStage().streamId()).isZero();
        startedEpoch = start.epoch();
    }

    private void check() {
        assertThat(control.epoch()).as("the epoch never falls").isGreaterThanOrEqualTo(lastEpoch);
        lastEpoch = control.epoch();
        boolean running = control.state() == PipelineState.SERVING || control.state() == PipelineState.WARMING;
        assertThat(running)
                .isEqualTo(startedEpoch == control.epoch()
                        && control.epoch() > 0
                        && control.state() != PipelineState.WAITING_FOR_WORKERS);
        if (control.state() != PipelineState.WAITING_FOR_WORKERS) {
            for (int i = 0; i < stageCount; i++) {
                assertThat(workers).containsKey(control.locate(new StageId("main", i)));
            }
        }
        assertThat(control.message().isEmpty()).isEqualTo(control.state() == PipelineState.SERVING);
    }

    /** Faults end and two roomy workers join: the pipeline must serve within a bounded time. */
    private void recover() {
        late.clear();
        join("roomy-1", ROOMY_BYTES);
        join("roomy-2", ROOMY_BYTES);
        for (int tick = 0; control.state() != PipelineState.SERVING; tick++) {
            assertThat(tick)
                    .as("ticks until tokens come out: %s", control.message())
                    .isLessThan(QUIET_TICKS);
            nowNs += TICK_NS;
            apply(control.onTick(nowNs), false);
            while (!late.isEmpty()) {
                apply(control.onStageEvent(late.removeFirst(), nowNs), false);
            }
            apply(control.onFirstResult(control.epoch(), nowNs), false);
            check();
        }
    }
}
