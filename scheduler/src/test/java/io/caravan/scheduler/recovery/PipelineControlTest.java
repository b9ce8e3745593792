package io.caravan.scheduler.recovery;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PipelineControlTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MIB = 1 << 20;
    private static final LinkEndpoint RESULTS = new LinkEndpoint("memory", 0, 99, "m");
    private static final ModelSpec SPEC = new ModelSpec(
            "test",
            64,
            128,
            4,
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

    private static final ControlSettings SETTINGS = new ControlSettings(
            "main",
            new ModelRef("/models/test", "fingerprint"),
            "1",
            2,
            2,
            64,
            16,
            Precision.usual(TensorType.F16),
            SECOND,
            10 * SECOND,
            3 * SECOND,
            SECOND,
            4 * SECOND,
            1,
            10 * SECOND);
    private static final Placement PLACEMENT =
            new Placement(SPEC, new KvBudget(TensorType.F16, 16, 64, 512), Bf16Storage.SIXTEEN_BITS);

    private final PipelineControl control = new PipelineControl(SETTINGS, PLACEMENT, RESULTS, 0);
    private final List<Effect> told = new ArrayList<>();
    private long nowNs;

    private static WorkerInfo worker(String name, long memoryBytes) {
        return new WorkerInfo(name, name, "1", 1, 2, memoryBytes, 1000, "scalar");
    }

    private List<Effect> tell(List<Effect> effects) {
        told.addAll(effects);
        return effects;
    }

    private static LinkEndpoint inbox(int stage) {
        return new LinkEndpoint("memory", 0, 1 + stage, "m");
    }

    private StageSeat seat(int stage) {
        var id = new StageId("main", stage);
        return new StageSeat(id, control.locate(id));
    }

    private List<Effect> ready(int stage) {
        return tell(control.onStageEvent(
                new StageEvent.Ready(
                        new StageId("main", stage),
                        control.epoch(),
                        control.locate(new StageId("main", stage)),
                        inbox(stage),
                        "scalar",
                        new HeldWeights(1, "BF16"),
                        1),
                nowNs));
    }

    private List<Effect> serving(int stage) {
        return tell(control.onStageEvent(new StageEvent.Serving(new StageId("main", stage), control.epoch()), nowNs));
    }

    private List<Effect> fail(int stage, String reason) {
        var id = new StageId("main", stage);
        return tell(
                control.onStageEvent(new StageEvent.Failed(id, control.epoch(), control.locate(id), reason), nowNs));
    }

    private void serve() {
        ready(0);
        ready(1);
        serving(1);
        serving(0);
        tell(control.onFirstResult(control.epoch(), nowNs));
        assertThat(control.state()).isEqualTo(PipelineState.SERVING);
    }

    private void startOn(long memoryBytes) {
        tell(control.onWorker(worker("a", memoryBytes), nowNs));
        tell(control.onWorker(worker("b", memoryBytes), nowNs));
    }

    @Test
    void shouldWaitForItsWorkersAndThenLoadEveryStage() {
        tell(control.onWorker(worker("a", 100 * MIB), 0));
        assertThat(control.state()).isEqualTo(PipelineState.WAITING_FOR_WORKERS);
        assertThat(control.message()).isEqualTo("1 of 2 workers have joined");

        assertThat(control.onWorker(worker("b", 100 * MIB), 0))
                .filteredOn(effect -> effect instanceof Effect.Load)
                .hasSize(2);
    }

    @Test
    void shouldConnectBackToFrontAndThenStart() {
        startOn(100 * MIB);
        ready(0);

        assertThat(ready(1)).containsExactly(new Effect.Connect(seat(1), 1, RESULTS));
        assertThat(serving(1)).containsExactly(new Effect.Connect(seat(0), 1, inbox(1)));
        assertThat(serving(0)).containsExactly(new Effect.Start(1, 32, inbox(0)));
        assertThat(control.state()).isEqualTo(PipelineState.WARMING);
    }

    @Test
    void shouldTellAgainWhatIsNotAnswered() {
        startOn(100 * MIB);
        ready(0);

        assertThat(control.onTick(SECOND / 2)).isEmpty();
        assertThat(control.onTick(SECOND)).singleElement().isInstanceOf(Effect.Load.class);
    }

    @Test
    void shouldReplaceOnlyTheLostStageAndMeasureThePause() {
        startOn(100 * MIB);
        serve();
        tell(control.onWorker(worker("spare", 100 * MIB), 0));
        String kept = control.locate(new StageId("main", 0));
        String lost = control.locate(new StageId("main", 1));
        nowNs = 5 * SECOND;

        var effects = control.onWorkerGone(lost, nowNs);

        assertThat(effects.getFirst()).isEqualTo(new Effect.Down(lost));
        assertThat(effects).anySatisfy(effect -> assertThat(effect).isInstanceOf(Effect.Suspend.class));
        assertThat(control.epoch()).isEqualTo(2);
        assertThat(control.locate(new StageId("main", 0))).isEqualTo(kept);
        assertThat(control.locate(new StageId("main", 1))).isEqualTo("spare");
        nowNs = 7 * SECOND;
        serve();
        assertThat(control.lastPauseNs()).isEqualTo(2 * SECOND);
        assertThat(control.recoveries()).isEqualTo(1);
    }

    @Test
    void shouldMoveTheStagesOfAWorkerThatLeaves() {
        startOn(100 * MIB);
        serve();
        tell(control.onWorker(worker("spare", 100 * MIB), 0));
        String leaving = control.locate(new StageId("main", 0));

        var effects = control.onWorkerLeaving(leaving, nowNs);

        assertThat(effects)
                .contains(new Effect.Suspend("no step ran: worker " + leaving + " is leaving"))
                .noneMatch(effect -> effect instanceof Effect.Down);
        assertThat(control.locate(new StageId("main", 0))).isEqualTo("spare");
        assertThat(control.onWorkerLost(leaving, nowNs)).isEmpty();
        serve();
    }

    @Test
    void shouldGiveUpAWorkerThatTheStageNeverReaches() {
        startOn(100 * MIB);
        ready(0);
        String never = control.locate(new StageId("main", 1));
        nowNs = 10 * SECOND + 1;

        tell(control.onStageEvent(
                new StageEvent.Misplaced(new StageId("main", 1), control.epoch(), "elsewhere"), nowNs));
        tell(control.onTick(nowNs));

        assertThat(control.locate(new StageId("main", 1))).isNotEqualTo(never);
    }

    @Test
    void shouldServeWithFewerBlocksWhereTheOneLeftHasNoRoomForAll() {
        startOn(2 * MIB);
        serve();
        int before = started().kvBlockCount();

        tell(control.onWorkerLost(control.locate(new StageId("main", 1)), 1));
        serve();

        assertThat(started().kvBlockCount()).isLessThanOrEqualTo(before);
    }

    private Effect.Start started() {
        return told.stream()
                .filter(effect -> effect instanceof Effect.Start)
                .map(Effect.Start.class::cast)
                .reduce((first, last) -> last)
                .orElseThrow();
    }

    @Test
    void shouldIgnoreTheLossOfASpare() {
        startOn(100 * MIB);
        serve();
        tell(control.onWorker(worker("spare", 100 * MIB), 0));

        assertThat(control.onWorkerLost("spare", 1)).isEmpty();
        assertThat(control.state()).isEqualTo(PipelineState.SERVING);
    }

    @Test
    void shouldExplainWhatIsMissingAndGoOnWhenAWorkerJoins() {
        startOn(MIB / 2 + MIB / 4);
        serve();
        tell(control.onWorkerLost(control.locate(new StageId("main", 1)), 1));

        assertThat(control.state()).isEqualTo(PipelineState.WAITING_FOR_WORKERS);
        assertThat(control.message()).startsWith("stage 1 of 2 (layers 2..3) has no worker with room: it needs");
        assertThat(told).last().isInstanceOf(Effect.Suspend.class);

        tell(control.onWorker(worker("c", MIB), 2));

        assertThat(control.state()).isEqualTo(PipelineState.LOADING);
        serve();
    }

    @Test
    void shouldTryAnotherWorkerWhereAStageFailed() {
        startOn(100 * MIB);
        String before = control.locate(new StageId("main", 0));

        fail(0, "a file is missing");

        assertThat(control.locate(new StageId("main", 0))).isNotEqualTo(before);
        assertThat(control.state()).isEqualTo(PipelineState.LOADING);
    }

    @Test
    void shouldTryAFailedWorkerAgainAfterAWhileThatGrows() {
        startOn(100 * MIB);
        fail(0, "a file is missing");
        fail(0, "a file is missing here too");
        assertThat(control.state()).isEqualTo(PipelineState.WAITING_FOR_WORKERS);
        assertThat(control.message()).contains("failed with it").contains("a file is missing here too");

        assertThat(control.onTick(SECOND - 1)).isEmpty();
        tell(control.onTick(SECOND));

        assertThat(control.state()).isEqualTo(PipelineState.LOADING);
    }

    @Test
    void shouldGiveUpAStageThatAnswersNothing() {
        startOn(100 * MIB);
        ready(0);
        String silent = control.locate(new StageId("main", 1));

        assertThat(control.onTick(10 * SECOND + 1))
                .as("it gives its memory back if it is heard of again")
                .contains(new Effect.Unload(new StageSeat(new StageId("main", 1), silent)));

        assertThat(control.locate(new StageId("main", 1))).isNotEqualTo(silent);
    }

    @Test
    void shouldReconnectWherePlansAreLostAndStartOverWhereThatDoesNotHelp() {
        startOn(100 * MIB);
        serve();

        assertThat(control.onPlansLost(1, "no result", nowNs)).noneMatch(effect -> effect instanceof Effect.Unload);
        assertThat(control.epoch()).isEqualTo(2);
        ready(0);
        ready(1);
        serving(1);
        serving(0);

        assertThat(control.onPlansLost(2, "no result", nowNs))
                .filteredOn(effect -> effect instanceof Effect.Unload)
                .hasSize(2);
        assertThat(control.onPlansLost(2, "no result", nowNs)).isEmpty();
    }

    @Test
    void shouldLookAfterEveryWorkerOfASilentPipeline() {
        startOn(100 * MIB);
        serve();
        tell(control.onWorker(worker("spare", 100 * MIB), 0));

        assertThat(control.onSilence(1)).containsExactlyInAnyOrder(new Effect.Check("a"), new Effect.Check("b"));
        assertThat(control.onSilence(0)).as("an epoch that is no more").isEmpty();
        assertThat(control.state()).isEqualTo(PipelineState.SERVING);
    }

    @Test
    void shouldLookAfterAWorkerThatOwesAnAnswer() {
        startOn(100 * MIB);
        ready(0);
        var owing = new Effect.Check(control.locate(new StageId("main", 1)));

        assertThat(control.onTick(3 * SECOND - 1)).doesNotContain(owing);
        assertThat(control.onTick(3 * SECOND))
                .filteredOn(effect -> effect instanceof Effect.Check)
                .containsExactly(owing);
        assertThat(control.onTick(4 * SECOND)).doesNotContain(owing);
        assertThat(control.onTick(6 * SECOND)).contains(owing);
    }

    @Test
    void shouldGoOnFromTheEpochOfASchedulerThatIsNoMore() {
        startOn(100 * MIB);

        tell(control.onStageEvent(
                new StageEvent.Status(new StageId("main", 0), 41, "a", StageState.SERVING, 0, 0, 0), nowNs));

        assertThat(control.epoch()).isEqualTo(42);
        assertThat(control.state()).isEqualTo(PipelineState.LOADING);
    }

    @Test
    void shouldCountOnFromTheEpochsThatWereUsedBefore() {
        var successor = new PipelineControl(SETTINGS, PLACEMENT, RESULTS, 41);

        successor.onWorker(worker("a", 100 * MIB), 0);
        assertThat(successor.onWorker(worker("b", 100 * MIB), 0))
                .filteredOn(Effect.Load.class::isInstance)
                .allSatisfy(load ->
                        assertThat(((Effect.Load) load).assignment().epoch()).isEqualTo(42));
    }

    @Test
    void shouldGoOnFromALaterEpochWhateverTellsOfIt() {
        startOn(100 * MIB);

        tell(control.onStageEvent(new StageEvent.Failed(new StageId("main", 1), 41, "b", "out of memory"), nowNs));

        assertThat(control.epoch()).isEqualTo(42);
        assertThat(control.state()).isEqualTo(PipelineState.LOADING);
    }

    @Test
    void shouldLoseTheStagesOfAWorkerThatWasStartedAnew() {
        startOn(100 * MIB);
        serve();

        tell(control.onWorker(new WorkerInfo("a", "a", "1", 2, 2, 100 * MIB, 1000, "scalar"), nowNs));

        assertThat(control.epoch()).isEqualTo(2);
        assertThat(control.state()).isEqualTo(PipelineState.LOADING);
    }

    private static WorkerInfo with(String kernels, WorkerInfo worker) {
        return new WorkerInfo(
                worker.address(),
                worker.name(),
                worker.version(),
                worker.pid(),
                worker.threadCount(),
                worker.memoryBytes(),
                worker.bandwidthBytesPerSecond(),
                kernels);
    }

    @Test
    void shouldWaitForAWorkerWithTheKernelsThatALostStageHad() {
        startOn(MIB / 2 + MIB / 4);
        serve();
        tell(control.onWorker(with("native/avx2", worker("other", 100 * MIB)), nowNs));

        tell(control.onWorkerLost("a", nowNs));
        assertThat(control.state()).isEqualTo(PipelineState.WAITING_FOR_WORKERS);
        assertThat(control.message()).contains("waits up to 10 s for a worker with kernels scalar");

        tell(control.onWorker(worker("equal", 100 * MIB), nowNs + SECOND));
        assertThat(control.stages()).extracting(view -> view.place().worker()).contains("equal");
        assertThat(control.notes()).isEmpty();
    }

    @Test
    void shouldTakeOtherKernelsInTheEndAndSaySo() {
        startOn(MIB / 2 + MIB / 4);
        serve();
        tell(control.onWorker(with("native/avx2", worker("other", 100 * MIB)), nowNs));
        tell(control.onWorkerLost("a", nowNs));

        for (nowNs = SECOND; nowNs < 10 * SECOND; nowNs += SECOND) {
            tell(control.onTick(nowNs));
            assertThat(control.state()).isEqualTo(PipelineState.WAITING_FOR_WORKERS);
        }
        tell(control.onTick(nowNs));
        serve();

        assertThat(control.notes())
                .singleElement()
                .asString()
                .contains("computes with native/avx2 and did with scalar before");
        assertThat(told).contains(new Effect.Warn(control.notes().getFirst()));
    }

    @Test
    void shouldRefuseAWorkerOfAnotherVersion() {
        assertThat(control.onWorker(new WorkerInfo("a", "a", "2", 1, 2, MIB, 1, "scalar"), 0))
                .singleElement()
                .isInstanceOfSatisfying(
                        Effect.Refuse.class,
                        refuse -> assertThat(refuse.reason()).contains("this pipeline runs Caravan 1, worker a is 2"));
    }
}
