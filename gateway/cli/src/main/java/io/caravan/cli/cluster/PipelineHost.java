package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.cli.membership.Acquaintances;
import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.ModelSpec;
import io.caravan.scheduler.actor.ModelPlan;
import io.caravan.scheduler.actor.PipelineNode;
import io.caravan.scheduler.actor.PipelineSettings;
import io.caravan.scheduler.actor.SpeculativeSettings;
import io.caravan.worker.draft.DraftModel;
import io.caravan.worker.transport.aeron.AeronLinks;
import io.caravan.worker.transport.aeron.AeronSettings;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Props;

/** This process as one that may host the scheduler: a cluster member, its links, and the pipeline's singleton. */
public final class PipelineHost implements AutoCloseable {
    /** Stages are the workers' to hand over; the region here only leads to them, and would wait for an answer to the end. */
    private static final Config NO_SHARDS_TO_HAND_OVER = ConfigFactory.parseString(
            "pekko.coordinated-shutdown.phases.cluster-sharding-shutdown-region.timeout = 1 s");

    private final Member member;
    private final AeronLinks links;
    private final ModelPlan model;
    private final SequenceClient client;
    private final List<DraftModel> draftModels;

    private PipelineHost(
            Member member, AeronLinks links, ModelPlan model, SequenceClient client, List<DraftModel> draftModels) {
        this.member = member;
        this.links = links;
        this.model = model;
        this.client = client;
        this.draftModels = draftModels;
    }

    /**
     * Checks the model, opens the links and joins the cluster.
     *
     * @param config the whole configuration of the process
     * @param moreRoles of this member, beside the gateway's
     * @param acquaintances what earlier incarnations of the process knew
     */
    public static PipelineHost start(
            Config config, Path modelDirectory, Set<String> moreRoles, Acquaintances acquaintances) {
        return start(config, modelDirectory, moreRoles, acquaintances, spec -> {});
    }

    /** The same, where {@code check} may refuse the model before anything has begun. */
    static PipelineHost start(
            Config config,
            Path modelDirectory,
            Set<String> moreRoles,
            Acquaintances acquaintances,
            Consumer<ModelSpec> check) {
        var model = read(modelDirectory);
        var settings = PipelineSettings.from(config);
        settings.requireCut(model.spec());
        check.accept(model.spec());
        var roles = new HashSet<>(moreRoles);
        roles.add(SchedulerProtocol.ROLE);
        var draftModels = draftModels(settings.speculative(), modelDirectory, model.spec());
        try {
            return join(config, settings, roles, acquaintances, model, draftModels);
        } catch (RuntimeException e) {
            draftModels.forEach(DraftModel::close);
            throw e;
        }
    }

    /** One or none. */
    private static List<DraftModel> draftModels(SpeculativeSettings settings, Path modelDirectory, ModelSpec spec) {
        return settings.source() == SpeculativeSettings.Source.DRAFT
                ? List.of(DraftModels.open(settings, modelDirectory, spec))
                : List.of();
    }

    private static PipelineHost join(
            Config config,
            PipelineSettings settings,
            Set<String> roles,
            Acquaintances acquaintances,
            ModelPlan model,
            List<DraftModel> draftModels) {
        var opening =
                CompletableFuture.supplyAsync(() -> AeronLinks.open(AeronSettings.from(config)), PipelineHost::beside);
        try {
            var member = Member.start(
                    NO_SHARDS_TO_HAND_OVER.withFallback(config), roles, acquaintances, settings.answerSettings(model));
            try {
                var links = opened(opening);
                var scheduler = onceAgreed(
                        member,
                        () -> PipelineNode.start(
                                member.system(),
                                settings,
                                model,
                                () -> draftModels.getFirst().drafter(),
                                links));
                return new PipelineHost(
                        member, links, model, new SequenceClient(member.system(), scheduler), draftModels);
            } catch (RuntimeException e) {
                member.close();
                throw e;
            }
        } catch (RuntimeException e) {
            opening.thenAccept(AeronLinks::close);
            throw e;
        }
    }

    /** Who joins others takes part in the pipeline when it is known to give the answers that they give, and not before. */
    private static ActorRef<SchedulerProtocol.Command> onceAgreed(
            Member member, Supplier<ActorRef<SchedulerProtocol.Command>> pipeline) {
        if (member.founds()) {
            return pipeline.get();
        }
        var door = member.system().systemActorOf(SchedulerDoor.create(), "scheduler-door", Props.empty());
        member.agreed().thenRunAsync(() -> door.tell(SchedulerDoor.opened(pipeline.get())), PipelineHost::beside);
        return member.system().systemActorOf(SchedulerDoor.knocker(door), "scheduler-knocker", Props.empty());
    }

    /** On a thread of its own: the links take as long to start as the actors do, and no actor is to wait for others. */
    private static void beside(Runnable task) {
        Thread.ofPlatform().daemon().name("beside").start(task);
    }

    private static AeronLinks opened(CompletableFuture<AeronLinks> opening) {
        try {
            return opening.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
    }

    private static ModelPlan read(Path directory) {
        try (Checkpoint checkpoint = Checkpoints.open(directory)) {
            return new ModelPlan(checkpoint.spec(), new ModelRef(directory.toString(), checkpoint.fingerprint()));
        }
    }

    public Member member() {
        return member;
    }

    public AeronLinks links() {
        return links;
    }

    public ModelPlan model() {
        return model;
    }

    public SequenceClient client() {
        return client;
    }

    /** Leaves the cluster, then gives the links back. */
    @Override
    public void close() {
        member.close();
        links.close();
        draftModels.forEach(DraftModel::close);
    }

    /** Ends at once, as a member that its cluster is rid of. */
    public void abandon() {
        member.abandon();
        links.close();
        draftModels.forEach(DraftModel::close);
    }

    /** Ends at once, in a cluster that ends as a whole. */
    public void endCluster() {
        member.endCluster();
        links.close();
        draftModels.forEach(DraftModel::close);
    }
}
