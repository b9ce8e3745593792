package io.caravan.scheduler.actor;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.actor.StageState;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.actor.WorkerProtocol;
import io.caravan.proto.draft.Drafter;
import io.caravan.proto.link.MemoryLinks;
import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PipelineActorTest {
    private static final long MIB = 1 << 20;
    private static final Duration LONGEST = Duration.ofSeconds(8);
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

    private static final ActorTestKit KIT =
            ActorTestKit.create(ConfigFactory.parseString("""
                pekko.actor.provider = cluster
                pekko.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                pekko.loglevel = WARNING
                caravan.version = "1"
                caravan.pipeline { stages = 2, min-workers = 2 }
                caravan.scheduler { retry = 50 ms, step-timeout = 500 ms, first-backoff = 100 ms }
                """).withFallback(ConfigFactory.load()));
    private final List<ActorRef<WorkerProtocol.Command>> workers = new ArrayList<>();
    private final MemoryLinks links = new MemoryLinks();
    private final ShortLinks shortLinks = new ShortLinks(links);
    private final FakeStages stages = new FakeStages(links, 2);
    private final TestProbe<SequenceEvent> client = KIT.createTestProbe(SequenceEvent.class);
    private final TestProbe<PipelineStatus> statuses = KIT.createTestProbe(PipelineStatus.class);
    private final ActorRef<SchedulerProtocol.Command> pipeline;

    PipelineActorTest() {
        var cluster = Cluster.get(KIT.system());
        cluster.manager().tell(Join.create(cluster.selfMember().address()));
        pipeline = KIT.spawn(PipelineActor.create(
                PipelineSettings.from(KIT.system().settings().config()),
                new ModelPlan(SPEC, new ModelRef("/models/test", "fingerprint")),
                () -> Drafter.NONE,
                shortLinks,
                stages));
    }

    @AfterAll
    static void stopKit() {
        KIT.shutdownTestKit();
    }

    @AfterEach
    void stop() throws InterruptedException {
        KIT.stop(pipeline);
        workers.forEach(worker -> KIT.stop(worker));
        stages.stop();
        links.close();
    }

    private static String address(String name) {
        return "pekko://caravan@" + (name.indexOf(':') < 0 ? name + ":1" : name);
    }

    private void join(String name, long memoryBytes, String version, ActorRef<String> refused) {
        var info = new WorkerInfo(address(name), name, version, 1, 2, memoryBytes, 1_000_000, "scalar");
        ActorRef<WorkerProtocol.Command> worker =
                KIT.spawn(Behaviors.receiveMessage((WorkerProtocol.Command command) -> {
                    switch (command) {
                        case WorkerProtocol.Describe describe ->
                            describe.replyTo().tell(info);
                        case WorkerProtocol.Refuse refuse -> refused.tell(refuse.reason());
                    }
                    return Behaviors.same();
                }));
        KIT.system().receptionist().tell(Receptionist.register(WorkerProtocol.KEY, worker));
        workers.add(worker);
    }

    private void join(String name, long memoryBytes) {
        join(name, memoryBytes, "1", KIT.system().ignoreRef());
    }

    private PipelineStatus await(Predicate<PipelineStatus> wanted) {
        return statuses.awaitAssert(LONGEST, Duration.ofMillis(50), () -> {
            pipeline.tell(new SchedulerProtocol.GetStatus(statuses.getRef()));
            PipelineStatus status = statuses.receiveMessage(LONGEST);
            assertThat(status).matches(wanted);
            return status;
        });
    }

    private static SequenceRequest request(long id, int maxCompletionTokens, Duration deadline) {
        return new SequenceRequest(
                id,
                TokenIds.of(1, 2, 3),
                TokenIds.EMPTY,
                maxCompletionTokens,
                TokenIds.EMPTY,
                Sampling.GREEDY,
                deadline,
                false);
    }

    private void submit(SequenceRequest request) {
        pipeline.tell(new SchedulerProtocol.Submit(request, client.getRef()));
    }

    /** The completion's tokens up to the end. */
    private List<Integer> completion() {
        var tokens = new ArrayList<Integer>();
        while (true) {
            switch (client.receiveMessage(LONGEST)) {
                case SequenceEvent.Accepted accepted -> assertThat(tokens).isEmpty();
                case SequenceEvent.Tokens more -> more.tokens().forEach(choice -> tokens.add(choice.token()));
                case SequenceEvent.Finished finished -> {
                    assertThat(finished.completionCount()).isEqualTo(tokens.size());
                    return tokens;
                }
                case SequenceEvent.Refused refused -> throw new AssertionError(refused);
            }
        }
    }

    private static List<Integer> expected(int count) {
        return IntStream.range(103, 103 + count).boxed().toList();
    }

    @Test
    void shouldServeOnceEveryStageServesAndTokensComeOut() {
        join("a", 100 * MIB);
        assertThat(await(status -> !status.workers().isEmpty()).message()).contains("1 of 2 workers");
        join("b", 100 * MIB);

        var status = await(PipelineStatus::serving);
        submit(request(1, 5, LONGEST));

        assertThat(completion()).isEqualTo(expected(5));
        assertThat(status.message()).isEmpty();
        assertThat(status.stages()).extracting(PipelineStatus.Stage::state).containsOnly(StageState.SERVING);
        assertThat(await(after -> after.completionTokens() == 5).stages())
                .extracting(PipelineStatus.Stage::hopP50Ns)
                .containsExactly(1_000L, 1_001L);
    }

    @Test
    void shouldTryAgainWhereThereIsNoRoomForALink() {
        shortLinks.refuse(3);
        join("a", 100 * MIB);
        join("b", 100 * MIB);
        long epoch = await(status -> status.stages().size() == 2).epoch();
        submit(request(1, 5, LONGEST));

        assertThat(completion()).isEqualTo(expected(5));
        assertThat(shortLinks.refusalsLeft()).isZero();
        assertThat(await(PipelineStatus::serving).epoch()).isEqualTo(epoch);
    }

    @Test
    void shouldEndTheSequenceThatAStageCannotTakeAndNoOther() {
        join("a", 100 * MIB);
        join("b", 100 * MIB);
        long epoch = await(PipelineStatus::serving).epoch();
        TestProbe<SequenceEvent> poisoned = KIT.createTestProbe(SequenceEvent.class);
        submit(request(1, 300, LONGEST));
        var poison = new SequenceRequest(
                2,
                TokenIds.of(1, FakeStages.REFUSED_TOKEN),
                TokenIds.EMPTY,
                10,
                TokenIds.EMPTY,
                Sampling.GREEDY,
                LONGEST,
                false);
        pipeline.tell(new SchedulerProtocol.Submit(poison, poisoned.getRef()));

        assertThat(poisoned.receiveMessage(LONGEST)).isEqualTo(new SequenceEvent.Accepted(2));
        assertThat(poisoned.receiveMessage(LONGEST)).isInstanceOfSatisfying(SequenceEvent.Refused.class, refused -> {
            assertThat(refused.refusal()).isEqualTo(SequenceEvent.Refusal.FAILED);
            assertThat(refused.message()).contains("2 times").doesNotContain("not this one");
        });
        assertThat(completion()).isEqualTo(expected(300));
        assertThat(await(PipelineStatus::serving).epoch()).isEqualTo(epoch + 2);
    }

    @Test
    void shouldMoveTheStagesOfAWorkerThatLeavesBeforeItGoes() {
        join("a", 100 * MIB);
        join("b", 100 * MIB);
        var before = await(PipelineStatus::serving);
        join("spare", 100 * MIB);
        await(status -> status.workers().size() == 3);
        submit(request(1, 400, Duration.ofMinutes(1)));
        TestProbe<SchedulerProtocol.Released> released = KIT.createTestProbe(SchedulerProtocol.Released.class);
        String leaving = before.stages().get(1).worker();

        pipeline.tell(new SchedulerProtocol.WorkerLeaving(leaving, released.getRef()));

        assertThat(released.receiveMessage(LONGEST).address()).isEqualTo(leaving);
        assertThat(await(PipelineStatus::serving).stages().get(1).worker()).isEqualTo(address("spare"));
        assertThat(completion()).isEqualTo(expected(400));
    }

    @Test
    void shouldGoOnWithTheSameTokensAfterAWorkerIsLost() {
        join("a", 100 * MIB);
        join("b", 100 * MIB);
        var before = await(PipelineStatus::serving);
        join("spare", 100 * MIB);
        await(status -> status.workers().size() == 3);
        stages.mute(true);
        submit(request(1, 400, Duration.ofMinutes(1)));
        await(status -> status.running() == 1);
        String lost = before.stages().get(1).worker();

        stages.kill(lost);
        pipeline.tell(new SchedulerProtocol.WorkerGone(lost));
        stages.mute(false);

        var after = await(status -> status.serving() && status.epoch() > before.epoch());
        assertThat(after.stages().get(1).worker()).isEqualTo(address("spare"));
        assertThat(after.stages().getFirst().worker())
                .isEqualTo(before.stages().getFirst().worker());
        assertThat(after.recoveries()).isEqualTo(1);
        assertThat(after.lastPauseNs()).isPositive();
        assertThat(completion()).isEqualTo(expected(400));
    }

    @Test
    void shouldFindOutByItselfThatAWorkersProcessIsGone() throws IOException {
        var ports = new HashMap<String, ServerSocket>(); // by address
        for (int i = 0; i < 3; i++) {
            var port = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            String name = "127.0.0.1:" + port.getLocalPort();
            ports.put(address(name), port);
            join(name, 100 * MIB);
        }
        var before = await(status -> status.serving() && status.workers().size() == 3);
        stages.mute(true);
        submit(request(1, 400, Duration.ofMinutes(1)));
        await(status -> status.running() == 1);
        String lost = before.stages().get(1).worker();

        stages.kill(lost);
        ports.get(lost).close();
        stages.mute(false);

        var after = await(status -> status.serving() && status.epoch() > before.epoch());
        assertThat(after.workers()).extracting(WorkerInfo::address).doesNotContain(lost);
        assertThat(completion()).isEqualTo(expected(400));
        for (var port : ports.values()) {
            port.close();
        }
    }

    @Test
    void shouldRefuseAfterTheDeadlineWhereNoWorkerHasRoomForTheLostStage() {
        join("a", MIB / 2 + MIB / 4);
        join("b", MIB / 2 + MIB / 4);
        var before = await(PipelineStatus::serving);
        String lost = before.stages().get(1).worker();
        stages.kill(lost);
        pipeline.tell(new SchedulerProtocol.WorkerGone(lost));
        await(status -> status.message().contains("has no worker with room"));

        submit(request(1, 5, Duration.ofMillis(300)));

        client.expectMessageClass(SequenceEvent.Accepted.class);
        var refused = client.expectMessageClass(SequenceEvent.Refused.class, LONGEST);
        assertThat(refused.refusal()).isEqualTo(SequenceEvent.Refusal.UNAVAILABLE);
        assertThat(refused.message()).startsWith("no step ran: stage 1 of 2 (layers 2..3) has no worker with room");
    }

    @Test
    void shouldConnectAnewWhereNoResultComes() {
        join("a", 100 * MIB);
        join("b", 100 * MIB);
        var before = await(PipelineStatus::serving);
        stages.mute(true);
        submit(request(1, 20, LONGEST));
        await(status -> status.epoch() > before.epoch() && !status.serving());

        stages.mute(false);

        assertThat(completion()).isEqualTo(expected(20));
    }

    @Test
    void shouldCancelWhereTheClientDies() {
        join("a", 100 * MIB);
        join("b", 100 * MIB);
        await(PipelineStatus::serving);
        stages.mute(true);
        submit(request(1, 500, Duration.ofMinutes(1)));
        await(status -> status.running() + status.waiting() == 1);

        client.stop();

        await(status -> status.running() + status.waiting() == 0);
    }

    @Test
    void shouldCancelOnDemand() {
        submit(request(1, 5, LONGEST));
        client.expectMessageClass(SequenceEvent.Accepted.class);

        pipeline.tell(new SchedulerProtocol.Cancel(1));

        assertThat(client.receiveMessage(LONGEST)).isEqualTo(new SequenceEvent.Finished(1, FinishReason.CANCELLED, 0));
    }

    @Test
    void shouldRefuseAWorkerOfAnotherVersion() {
        TestProbe<String> refused = KIT.createTestProbe(String.class);

        join("old", 100 * MIB, "0", refused.getRef());

        assertThat(refused.receiveMessage(LONGEST)).contains("Caravan 1").contains("worker old is 0");
    }
}
