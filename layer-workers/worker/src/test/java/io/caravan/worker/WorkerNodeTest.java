package io.caravan.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.actor.StageEvent;
import io.caravan.proto.actor.StageId;
import io.caravan.proto.actor.StageProtocol;
import io.caravan.proto.actor.StageSeat;
import io.caravan.proto.actor.StageSharding;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.actor.WorkerProtocol;
import io.caravan.proto.link.MemoryLinks;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.Precision;
import io.caravan.proto.model.TensorType;
import io.caravan.worker.stage.StageRefusedException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.ClusterSingletonSettings;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.SingletonActor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A gateway and two workers as three actor systems: placement decides, sharding follows, also when it changes its mind. */
class WorkerNodeTest {
    private static final Duration LONGEST = Duration.ofSeconds(15);
    private static final Duration RETRY = Duration.ofMillis(300);
    private static final StageId STAGE = new StageId("main", 0);
    private static volatile String placed = "";

    private final MemoryLinks links = new MemoryLinks();
    private final ActorTestKit gateway = member(SchedulerProtocol.ROLE);
    private final ActorTestKit one = member(SchedulerProtocol.WORKER_ROLE);
    private final ActorTestKit two = member(SchedulerProtocol.WORKER_ROLE);
    private final TestProbe<StageEvent> scheduler = gateway.createTestProbe();

    @AfterEach
    void stopSystems() {
        two.shutdownTestKit();
        one.shutdownTestKit();
        gateway.shutdownTestKit();
        links.close();
    }

    @Test
    void shouldHostAStageWherePlacementPutsItAndMoveItWhenPlacementDoes() throws Exception {
        placed = address(one);
        join();
        startSharding();
        WorkerNode first = startWorker(one, "one");
        startWorker(two, "two");

        StageEvent reply = loadUntilFailed(1);
        assertThat(reply).isEqualTo(failed(1, "one", address(one)));

        placed = address(two);
        assertThat(loadUntilFailed(2)).isEqualTo(failed(2, "two", address(two)));
        refuseWorker("one");
        assertThat(first.refused().toCompletableFuture().get(5, TimeUnit.SECONDS))
                .isEqualTo("not of use");
    }

    @Test
    void shouldNotStartAWorkerWithoutThePipelinesReferenceBesideOne() {
        Cluster.get(gateway.system())
                .manager()
                .tell(Join.create(Cluster.get(gateway.system()).selfMember().address()));
        assertThatThrownBy(
                        () -> WorkerNode.start(gateway.system(), settings("beside"), links, new CompletableFuture<>()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("start it first and pass its reference");
    }

    private void join() {
        var seed = Cluster.get(gateway.system()).selfMember().address();
        for (var kit : new ActorTestKit[] {gateway, one, two}) {
            Cluster.get(kit.system()).manager().tell(Join.create(seed));
        }
    }

    private void startSharding() {
        StageSharding.init(gateway.system(), stage -> Behaviors.empty());
    }

    /** Starts a worker whose stages fail with its name, which says where a stage was. */
    private WorkerNode startWorker(ActorTestKit kit, String name) {
        var settings = settings(name);
        var info = new WorkerInfo(address(kit), name, settings.version(), 1, 1, 1, 1, "none");
        var scheduler = ClusterSingleton.get(kit.system())
                .init(SingletonActor.of(Behaviors.<SchedulerProtocol.Command>empty(), SchedulerProtocol.SINGLETON)
                        .withSettings(
                                ClusterSingletonSettings.create(kit.system()).withRole(SchedulerProtocol.ROLE)));
        return WorkerNode.start(
                kit.system(),
                settings,
                links,
                scheduler,
                (assignment, progress) -> {
                    throw new StageRefusedException("here");
                },
                CompletableFuture.completedFuture(info));
    }

    /** As a scheduler does: tells the stage to load again and again until it answers for this epoch. */
    private StageEvent loadUntilFailed(long epoch) {
        var stage = StageSharding.stage(gateway.system(), new StageSeat(STAGE, placed));
        long deadlineNs = System.nanoTime() + LONGEST.toNanos();
        while (true) {
            assertThat(System.nanoTime()).as("the stage answers").isLessThan(deadlineNs);
            stage.tell(new StageProtocol.Load(assignment(epoch), scheduler.ref()));
            try {
                return scheduler
                        .fishForMessage(
                                RETRY,
                                event -> event instanceof StageEvent.Failed failed && failed.epoch() == epoch
                                        ? FishingOutcomes.complete()
                                        : FishingOutcomes.continueAndIgnore())
                        .getLast();
            } catch (AssertionError notYet) {
                // told again
            }
        }
    }

    private void refuseWorker(String name) {
        var listings = gateway.<Receptionist.Listing>createTestProbe();
        gateway.system().receptionist().tell(Receptionist.subscribe(WorkerProtocol.KEY, listings.ref()));
        var listing = listings.fishForMessage(
                LONGEST,
                found -> found.getServiceInstances(WorkerProtocol.KEY).size() == 2
                        ? FishingOutcomes.complete()
                        : FishingOutcomes.continueAndIgnore());
        var infos = gateway.<WorkerInfo>createTestProbe();
        for (var worker : listing.getLast().getServiceInstances(WorkerProtocol.KEY)) {
            worker.tell(new WorkerProtocol.Describe(infos.ref()));
            if (infos.receiveMessage(LONGEST).name().equals(name)) {
                worker.tell(new WorkerProtocol.Refuse("not of use"));
            }
        }
    }

    private static StageEvent failed(long epoch, String name, String address) {
        return new StageEvent.Failed(STAGE, epoch, address, "worker " + name + " (" + address + "): here");
    }

    private static StageAssignment assignment(long epoch) {
        return new StageAssignment(
                STAGE,
                1,
                new LayerRange(0, 1),
                new ModelRef("/m", "f"),
                placed,
                epoch,
                1,
                1,
                Precision.usual(TensorType.F32),
                1);
    }

    private static String address(ActorTestKit kit) {
        return Cluster.get(kit.system()).selfMember().address().toString();
    }

    private static WorkerSettings settings(String name) {
        return WorkerSettings.from(ConfigFactory.parseString("caravan.worker.name = " + name)
                .withFallback(ConfigFactory.defaultReference())
                .resolve());
    }

    private static ActorTestKit member(String role) {
        Config config = ConfigFactory.parseString("pekko.cluster.roles = [" + role + "]")
                .withFallback(ConfigFactory.parseResources("caravan-cluster.conf"))
                .withFallback(ConfigFactory.load())
                .resolve();
        return ActorTestKit.create("caravan", config);
    }
}
