package io.caravan.worker.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.actor.StageEvent;
import io.caravan.proto.actor.StageEvent.Drained;
import io.caravan.proto.actor.StageEvent.Failed;
import io.caravan.proto.actor.StageEvent.Loading;
import io.caravan.proto.actor.StageEvent.Misplaced;
import io.caravan.proto.actor.StageEvent.Ready;
import io.caravan.proto.actor.StageEvent.Serving;
import io.caravan.proto.actor.StageEvent.Status;
import io.caravan.proto.actor.StageEvent.StepFailed;
import io.caravan.proto.actor.StageId;
import io.caravan.proto.actor.StageProtocol.Command;
import io.caravan.proto.actor.StageProtocol.Connect;
import io.caravan.proto.actor.StageProtocol.Drain;
import io.caravan.proto.actor.StageProtocol.GetStatus;
import io.caravan.proto.actor.StageProtocol.Load;
import io.caravan.proto.actor.StageProtocol.Unload;
import io.caravan.proto.actor.StageState;
import io.caravan.proto.frame.StepPlanFrame;
import io.caravan.proto.frame.StepResultFrame;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.MemoryLinks;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import io.caravan.proto.model.ModelRef;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.agrona.ExpandableArrayBuffer;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class StageActorTest {
    private static final Duration LONGEST = Duration.ofSeconds(5);
    private static final StageId STAGE = new StageId("test", 0);
    private static ActorTestKit kit;

    private final MemoryLinks links = new MemoryLinks();
    private final StageInbox results = links.openInbox();
    private final FakeLoader loader = new FakeLoader();
    private final StageHost host = new StageHost(Stages.WORKER, "one", loader, links, "backoff", StageClock.SYSTEM);
    private final TestProbe<StageEvent> scheduler = kit.createTestProbe();
    private final ActorRef<Command> stage = kit.spawn(StageActor.create(STAGE, host));

    @BeforeAll
    static void startSystem() {
        kit = ActorTestKit.create();
    }

    @AfterAll
    static void stopSystem() {
        kit.shutdownTestKit();
    }

    @AfterEach
    void shouldLeaveNothingHeld() throws InterruptedException {
        loader.tensors.release(1 << 20);
        kit.stop(stage);
        assertThat(host.end(LONGEST)).as("every stage gave everything back").isTrue();
        assertThat(loader.loaded).allMatch(FakeCompute::isClosed);
        links.close();
    }

    @Test
    void shouldBeEmptyAtFirst() {
        assertThat(status()).isEqualTo(new Status(STAGE, 0, Stages.WORKER, StageState.EMPTY, 0, 0, 0));
    }

    @Test
    void shouldReportLoadingAndThenItsInbox() {
        Ready ready = load(1);

        assertThat(ready.epoch()).isEqualTo(1);
        assertThat(ready.worker()).isEqualTo(Stages.WORKER);
        assertThat(ready.kernels()).isEqualTo("fake/fingers");
        assertThat(ready.weights().bytes()).isEqualTo(1_000);
        assertThat(ready.kvBytes()).isEqualTo(100);
        assertThat(status().state()).isEqualTo(StageState.READY);
    }

    @Test
    void shouldComputePlansOnceConnected() {
        Ready ready = load(1);
        connect(1);

        assertThat(answer(ready.inbox(), Stages.plan(1, 1, 5))).isEqualTo(15);
        assertThat(status().state()).isEqualTo(StageState.SERVING);
        assertThat(status().stepCount()).isEqualTo(1);
    }

    @Test
    void shouldSayWhenShardingPutItOnAnotherWorker() {
        tell(Stages.stage(0, 1, 1, Stages.MODEL, "pekko://caravan@127.0.0.1:9999"));

        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(new Misplaced(STAGE, 1, Stages.WORKER));
        assertThat(loader.loaded).isEmpty();
    }

    @Test
    void shouldGiveEverythingBackWhenItNowBelongsElsewhere() {
        load(1);
        tell(Stages.stage(0, 1, 2, Stages.MODEL, "pekko://caravan@127.0.0.1:9999"));

        scheduler.expectMessageClass(Misplaced.class, LONGEST);
        awaitTrue("the stage gave everything back", () -> host.runningCount() == 0);
        assertThat(status().state()).isEqualTo(StageState.EMPTY);
    }

    @Test
    void shouldRefuseToBeAnotherStage() {
        var two = Stages.stage(1, 2, 1);
        stage.tell(new Load(two, scheduler.ref()));

        assertThat(scheduler.expectMessageClass(Failed.class, LONGEST).reason()).contains("was told to be");
    }

    @Test
    void shouldSayWhyItCannotBeLoadedAndOnWhichWorker() {
        loader.refusal = "not enough memory";
        tell(Stages.stage(0, 1, 1));

        Failed failed = skipLoading(Failed.class);
        assertThat(failed.reason()).isEqualTo("worker one (" + Stages.WORKER + "): not enough memory");
        assertThat(failed.worker()).isEqualTo(Stages.WORKER);
        assertThat(status().state()).isEqualTo(StageState.FAILED);
    }

    @Test
    void shouldRepeatItsFailureForTheSameEpochAndTryAgainForANewerOne() {
        loader.refusal = "no such folder";
        tell(Stages.stage(0, 1, 1));
        Failed first = skipLoading(Failed.class);

        tell(Stages.stage(0, 1, 1));
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(first);
        connectTo(1, results.endpoint());
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(first);

        loader.refusal = "";
        load(2);
    }

    @Test
    void shouldReportProgressAtMostFiveTimesASecond() {
        loader.stall();
        tell(Stages.stage(0, 1, 1));
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(new Loading(STAGE, 1, 0, 0));
        loader.tensors.release(1);
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(new Loading(STAGE, 1, 1, FakeLoader.TENSORS));
        loader.tensors.release(FakeLoader.TENSORS);

        scheduler.expectMessageClass(Ready.class, LONGEST);
    }

    @Test
    void shouldAnswerARepeatedLoadWithWhereItStands() {
        loader.stall();
        tell(Stages.stage(0, 1, 1));
        scheduler.expectMessageClass(Loading.class, LONGEST);
        tell(Stages.stage(0, 1, 1));
        scheduler.expectMessageClass(Loading.class, LONGEST);
        connectTo(1, results.endpoint());
        assertThat(scheduler.expectMessageClass(Status.class, LONGEST).state()).isEqualTo(StageState.LOADING);

        loader.tensors.release(FakeLoader.TENSORS);
        Ready ready = skipLoading(Ready.class);
        tell(Stages.stage(0, 1, 1));
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(ready);
        connect(1);
        tell(Stages.stage(0, 1, 1));
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(ready);
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(new Serving(STAGE, 1));
        assertThat(loader.loaded).hasSize(1);
    }

    @Test
    void shouldKeepItsWeightsAndInboxInANewEpoch() {
        Ready ready = load(1);
        connect(1);
        Ready again = load(2);
        assertThat(again.inbox()).isEqualTo(ready.inbox());
        assertThat(again.epoch()).isEqualTo(2);
        assertThat(status().state()).isEqualTo(StageState.READY);
        connect(2);

        assertThat(answer(ready.inbox(), Stages.plan(2, 1, 5))).isEqualTo(15);
        assertThat(loader.loaded).hasSize(1);
    }

    @Test
    void shouldAnswerAStaleLoadWithItsStatus() {
        load(3);
        tell(Stages.stage(0, 1, 2));

        assertThat(scheduler.expectMessageClass(Status.class, LONGEST).epoch()).isEqualTo(3);
    }

    @Test
    void shouldUnloadBeforeItLoadsAnotherAssignment() {
        Ready ready = load(1);
        var other = Stages.stage(0, 1, 2, new ModelRef("/models/other", "beef"), Stages.WORKER);
        tell(other);

        Ready then = skipLoading(Ready.class);
        assertThat(then.inbox()).isNotEqualTo(ready.inbox());
        assertThat(loader.loaded).hasSize(2);
        assertThat(loader.loaded.getFirst().isClosed()).isTrue();
        assertThat(loader.loaded.getLast().isClosed()).isFalse();
    }

    @Test
    void shouldStopLoadingWhenAnotherAssignmentArrives() {
        loader.stall();
        tell(Stages.stage(0, 1, 1));
        scheduler.expectMessageClass(Loading.class, LONGEST);
        tell(Stages.stage(0, 1, 2, new ModelRef("/models/other", "beef"), Stages.WORKER));
        assertThat(status().state()).isEqualTo(StageState.LOADING);
        loader.tensors.release(1 << 20);

        assertThat(skipLoading(Ready.class).epoch()).isEqualTo(2);
        assertThat(loader.loaded).hasSize(1);
    }

    @Test
    void shouldRetargetItsLinkInANewEpochAndAnswerAStaleConnectWithItsOwn() {
        Ready ready = load(1);
        connect(1);
        try (StageInbox other = links.openInbox()) {
            connectTo(2, other.endpoint());
            assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(new Serving(STAGE, 2));
            connectTo(1, results.endpoint());
            assertThat(scheduler.expectMessageClass(Status.class, LONGEST).epoch())
                    .isEqualTo(2);
            send(ready.inbox(), Stages.plan(2, 1, 5));

            assertThat(answer(other)).isEqualTo(15);
        }
        scheduler.expectNoMessage(Duration.ofMillis(50));
    }

    @Test
    void shouldSayThatItIsEmptyWhenItIsConnectedAfterARestart() {
        connectTo(1, results.endpoint());

        assertThat(scheduler.expectMessageClass(Status.class, LONGEST).state()).isEqualTo(StageState.EMPTY);
    }

    @Test
    void shouldDrainAndServeAgainInANewEpoch() {
        Ready ready = load(1);
        connect(1);
        stage.tell(new Drain(scheduler.ref()));
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(new Drained(STAGE, 1));
        assertThat(status().state()).isEqualTo(StageState.DRAINING);
        connectTo(1, results.endpoint());
        stage.tell(new Drain(scheduler.ref()));
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(new Drained(STAGE, 1));

        load(2);
        connect(2);
        assertThat(answer(ready.inbox(), Stages.plan(2, 1, 5))).isEqualTo(15);
    }

    @Test
    void shouldBeDrainedAtOnceWhereNothingIsInFlight() {
        stage.tell(new Drain(scheduler.ref()));
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(new Drained(STAGE, 0));
        load(1);
        stage.tell(new Drain(scheduler.ref()));
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(new Drained(STAGE, 1));
    }

    @Test
    void shouldGiveEverythingBackWhenUnloaded() {
        load(1);
        connect(1);
        stage.tell(new Unload());

        awaitTrue("the stage gave everything back", () -> host.runningCount() == 0);
        assertThat(status().state()).isEqualTo(StageState.EMPTY);
        load(1);
    }

    @Test
    void shouldGiveUpLoadingWhenUnloaded() {
        loader.stall();
        tell(Stages.stage(0, 1, 1));
        scheduler.expectMessageClass(Loading.class, LONGEST);
        stage.tell(new Unload());
        assertThat(status().state()).isEqualTo(StageState.EMPTY);
        loader.tensors.release(1);

        awaitTrue("the stage gave up", () -> host.runningCount() == 0);
        assertThat(loader.loaded).isEmpty();
    }

    @Test
    void shouldReportABrokenKernelAndGiveEverythingBack() {
        Ready ready = load(1);
        connect(1);
        send(ready.inbox(), Stages.plan(1, 1, FakeCompute.BREAKING_TOKEN));

        StepFailed step = scheduler.expectMessageClass(StepFailed.class, LONGEST);
        assertThat(step.step()).isEqualTo(1);
        assertThat(step.goesOn()).isFalse();
        Failed failed = scheduler.expectMessageClass(Failed.class, LONGEST);
        assertThat(failed.reason()).contains("worker one").contains("the fingers broke");
        awaitTrue("the stage gave everything back", () -> host.runningCount() == 0);

        load(2);
        connect(2);
    }

    @Test
    void shouldReportAStepThatItCannotTakeAndServeOn() {
        Ready ready = load(1);
        connect(1);
        send(ready.inbox(), Stages.plan(1, 1, new int[FakeCompute.MAX_ROWS + 1]));

        StepFailed failed = scheduler.expectMessageClass(StepFailed.class, LONGEST);
        assertThat(failed.epoch()).isEqualTo(1);
        assertThat(failed.step()).isEqualTo(1);
        assertThat(failed.goesOn()).isTrue();
        assertThat(failed.reason()).contains("worker one").contains("9 rows");
        assertThat(status().state()).isEqualTo(StageState.SERVING);
    }

    @Test
    void shouldGiveEverythingBackWhenItsActorStops() {
        load(1);
        connect(1);
        kit.stop(stage);

        awaitTrue("the stage gave everything back", () -> host.runningCount() == 0);
    }

    private void tell(StageAssignment assignment) {
        stage.tell(new Load(assignment, scheduler.ref()));
    }

    private Ready load(long epoch) {
        tell(Stages.stage(0, 1, epoch));
        return skipLoading(Ready.class);
    }

    private <E extends StageEvent> E skipLoading(Class<E> type) {
        var events = scheduler.fishForMessage(
                LONGEST,
                event -> event instanceof Loading ? FishingOutcomes.continueAndIgnore() : FishingOutcomes.complete());
        return type.cast(events.getLast());
    }

    private void connect(long epoch) {
        connectTo(epoch, results.endpoint());
        assertThat(scheduler.receiveMessage(LONGEST)).isEqualTo(new Serving(STAGE, epoch));
    }

    private void connectTo(long epoch, LinkEndpoint next) {
        stage.tell(new Connect(epoch, next, scheduler.ref()));
    }

    private Status status() {
        var asker = kit.<StageEvent>createTestProbe();
        stage.tell(new GetStatus(asker.ref()));
        return asker.expectMessageClass(Status.class, LONGEST);
    }

    private void send(LinkEndpoint inbox, StepPlan plan) {
        var frame = new ExpandableArrayBuffer();
        int length = StepPlanFrame.encode(plan, StageClock.SYSTEM.wall().nanoTime(), frame);
        try (StageLink link = links.connect(inbox)) {
            assertThat(link.send(frame, 0, length)).isEqualTo(StageLink.Sent.DONE);
        }
    }

    private int answer(LinkEndpoint inbox, StepPlan plan) {
        send(inbox, plan);
        return answer(results);
    }

    private static int answer(StageInbox inbox) {
        List<StepResult> received = new ArrayList<>();
        awaitTrue(
                "a result",
                () -> inbox.poll((buffer, offset, length) ->
                                received.add(StepResultFrame.decode(buffer, offset, length)))
                        > 0);
        return received.getFirst().tokens().getFirst().choice().token();
    }

    private static void awaitTrue(String what, BooleanSupplier condition) {
        long deadlineNs = System.nanoTime() + LONGEST.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadlineNs);
            Thread.onSpinWait();
        }
    }
}
