package io.caravan.worker;

import io.caravan.kernels.HostDevice;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.actor.StageSharding;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.actor.WorkerProtocol;
import io.caravan.proto.link.StageLinks;
import io.caravan.worker.stage.MemoryBudget;
import io.caravan.worker.stage.ModelStageLoader;
import io.caravan.worker.stage.StageActor;
import io.caravan.worker.stage.StageClock;
import io.caravan.worker.stage.StageHost;
import io.caravan.worker.stage.StageLoader;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.ClusterSingletonSettings;
import org.apache.pekko.cluster.typed.SingletonActor;

/**
 * The layer worker of this process: hosts the stages that placement puts here.
 *
 * <p>When the actor system ends, by coordinated shutdown, the worker's stages end with it and have given everything back
 * before the system is gone; the links may be closed then.
 */
public final class WorkerNode {
    /** Where no scheduler answers, there is no pipeline to move anything. */
    private static final Duration LEAVE_TIMEOUT = Duration.ofSeconds(2);

    private final StageHost host;
    private final CompletableFuture<String> refused = new CompletableFuture<>();

    private WorkerNode(StageHost host) {
        this.host = host;
    }

    /**
     * Starts the worker in a process that hosts no pipeline; the member must have {@link SchedulerProtocol#WORKER_ROLE}.
     *
     * @param links stay the caller's, who closes them when the system has ended
     * @param probe of this process, begun before
     */
    public static WorkerNode start(
            ActorSystem<?> system, WorkerSettings settings, StageLinks links, CompletionStage<WorkerProbe> probe) {
        if (Cluster.get(system).selfMember().hasRole(SchedulerProtocol.ROLE)) {
            throw new IllegalArgumentException("a process with role " + SchedulerProtocol.ROLE
                    + " hosts the pipeline itself: start it first and pass its reference");
        }
        var pipeline = SingletonActor.of(Behaviors.<SchedulerProtocol.Command>empty(), SchedulerProtocol.SINGLETON)
                .withSettings(ClusterSingletonSettings.create(system).withRole(SchedulerProtocol.ROLE));
        return start(system, settings, links, ClusterSingleton.get(system).init(pipeline), probe);
    }

    /** Starts the worker beside a pipeline, which {@code scheduler} leads to. */
    public static WorkerNode start(
            ActorSystem<?> system,
            WorkerSettings settings,
            StageLinks links,
            ActorRef<SchedulerProtocol.Command> scheduler,
            CompletionStage<WorkerProbe> probe) {
        var memory = new MemoryBudget(settings.memoryBytes());
        var loader = new ModelStageLoader(
                precision -> HostDevice.open(
                        settings.kernels(),
                        settings.threads(),
                        precision.activations(),
                        precision.bf16(),
                        settings.cpus()),
                memory,
                settings.memoryWait(),
                settings.models(),
                settings.cache());
        var measurement = probe.thenApply(measured -> measured.info(settings, address(system)));
        return start(system, settings, links, scheduler, loader, measurement);
    }

    static WorkerNode start(
            ActorSystem<?> system,
            WorkerSettings settings,
            StageLinks links,
            ActorRef<SchedulerProtocol.Command> scheduler,
            StageLoader loader,
            CompletionStage<WorkerInfo> measurement) {
        String address = address(system);
        var node = new WorkerNode(
                new StageHost(address, settings.name(), loader, links, settings.idle(), StageClock.SYSTEM));
        node.endStagesWith(system, settings.stopTimeout());
        leaveWith(system, address, scheduler);
        StageSharding.init(system, stage -> StageActor.create(stage, node.host));
        var worker = system.systemActorOf(
                WorkerActor.create(measurement, node.refused::complete), "caravan-worker", Props.empty());
        system.receptionist().tell(Receptionist.register(WorkerProtocol.KEY, worker));
        return node;
    }

    /** Completes when the pipeline will not have this worker, with the reason; the process is to end with it. */
    public CompletionStage<String> refused() {
        return refused.minimalCompletionStage();
    }

    /** Stages that hold memory here. */
    public int stageCount() {
        return host.runningCount();
    }

    /** Before anything else ends, the pipeline moves this worker's stages elsewhere: its streams wait for that alone. */
    private static void leaveWith(
            ActorSystem<?> system, String address, ActorRef<SchedulerProtocol.Command> scheduler) {
        CoordinatedShutdown.get(system)
                .addTask(
                        CoordinatedShutdown.PhaseBeforeServiceUnbind(),
                        "have stages moved",
                        () -> AskPattern.<SchedulerProtocol.Command, SchedulerProtocol.Released>ask(
                                        scheduler,
                                        replyTo -> new SchedulerProtocol.WorkerLeaving(address, replyTo),
                                        LEAVE_TIMEOUT,
                                        system.scheduler())
                                .handle((released, nobody) -> Done.done()));
    }

    private void endStagesWith(ActorSystem<?> system, Duration longest) {
        CoordinatedShutdown.get(system)
                .addTask(
                        CoordinatedShutdown.PhaseBeforeActorSystemTerminate(),
                        "give stages back",
                        () -> CompletableFuture.supplyAsync(
                                () -> endStages(system, longest), Thread::startVirtualThread));
    }

    private Done endStages(ActorSystem<?> system, Duration longest) {
        try {
            if (!host.end(longest)) {
                system.log().warn("{} stages still hold memory after {}", host.runningCount(), longest);
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
        return Done.done();
    }

    private static String address(ActorSystem<?> system) {
        return Cluster.get(system).selfMember().address().toString();
    }
}
