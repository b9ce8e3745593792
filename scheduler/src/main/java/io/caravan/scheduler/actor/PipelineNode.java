package io.caravan.scheduler.actor;

import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.actor.StageSharding;
import io.caravan.proto.draft.Drafter;
import io.caravan.proto.link.StageLinks;
import java.time.Duration;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.ClusterSingletonSettings;
import org.apache.pekko.cluster.typed.SingletonActor;

/** The pipeline in a process: its singleton where the member has {@link SchedulerProtocol#ROLE}, else a way to it. */
public final class PipelineNode {
    private static final Duration FIRST_RESTART = Duration.ofMillis(200);
    private static final Duration LAST_RESTART = Duration.ofSeconds(10);
    private static final double RESTART_JITTER = 0.1;

    private PipelineNode() {}

    /**
     * Takes part in the cluster's pipeline.
     *
     * @param model what to serve; the same on every member that may host the singleton
     * @param draftModel gives a drafter where the settings want a model for it
     * @param links stay the caller's, who closes them when the system has ended
     * @return leads to the singleton, wherever it runs
     */
    public static ActorRef<SchedulerProtocol.Command> start(
            ActorSystem<?> system,
            PipelineSettings settings,
            ModelPlan model,
            Supplier<Drafter> draftModel,
            StageLinks links) {
        var behavior = PipelineActor.create(
                settings,
                model,
                draftModel,
                links,
                (seat, command) -> StageSharding.stage(system, seat).tell(command));
        var supervised = Behaviors.supervise(behavior)
                .onFailure(
                        RuntimeException.class,
                        SupervisorStrategy.restartWithBackoff(FIRST_RESTART, LAST_RESTART, RESTART_JITTER));
        var scheduler = ClusterSingleton.get(system)
                .init(SingletonActor.of(supervised, SchedulerProtocol.SINGLETON)
                        .withSettings(ClusterSingletonSettings.create(system).withRole(SchedulerProtocol.ROLE)));
        if (!Cluster.get(system).selfMember().hasRole(SchedulerProtocol.WORKER_ROLE)) {
            // placement puts no stage here
            StageSharding.init(system, stage -> Behaviors.empty());
        }
        return scheduler;
    }
}
