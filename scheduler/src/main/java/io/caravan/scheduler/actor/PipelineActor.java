package io.caravan.scheduler.actor;

import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.actor.SchedulerProtocol.Cancel;
import io.caravan.proto.actor.SchedulerProtocol.Command;
import io.caravan.proto.actor.SchedulerProtocol.GetStatus;
import io.caravan.proto.actor.SchedulerProtocol.Released;
import io.caravan.proto.actor.SchedulerProtocol.Submit;
import io.caravan.proto.actor.SchedulerProtocol.WorkerGone;
import io.caravan.proto.actor.SchedulerProtocol.WorkerLeaving;
import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.actor.StageEvent;
import io.caravan.proto.actor.StageProtocol;
import io.caravan.proto.actor.StageSeat;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.actor.WorkerProtocol;
import io.caravan.proto.draft.Drafter;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLinks;
import io.caravan.scheduler.engine.Engine;
import io.caravan.scheduler.placement.Placement;
import io.caravan.scheduler.recovery.Effect;
import io.caravan.scheduler.recovery.PipelineControl;
import io.caravan.scheduler.recovery.PipelineState;
import io.caravan.scheduler.recovery.StageView;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.PreRestart;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.ClusterEvent.MemberDowned;
import org.apache.pekko.cluster.ClusterEvent.MemberEvent;
import org.apache.pekko.cluster.ClusterEvent.MemberExited;
import org.apache.pekko.cluster.ClusterEvent.MemberRemoved;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Subscribe;

/**
 * The pipeline's cluster singleton: carries out what {@link PipelineControl} decides, and hands requests to the thread that
 * schedules them. It keeps nothing that matters: gateways submit what they still want again after a silence, so that one
 * which starts anew, here or on another member, takes over.
 */
public final class PipelineActor extends AbstractBehavior<PipelineActor.Message> {
    private static final Duration TICK = Duration.ofMillis(100);
    private static final Duration DESCRIBE_TIMEOUT = Duration.ofSeconds(2);
    private static final long AGENT_STOP_MS = 1_000;

    /** How stages are reached: Cluster Sharding, or a fake. */
    public interface Stages {
        /** Tells a stage on a worker; messages may be lost. */
        void tell(StageSeat seat, StageProtocol.Command command);
    }

    /** What the actor receives: commands, and what it is told by others. */
    sealed interface Message {}

    private record Told(Command command) implements Message {}

    private record Listed(Set<ActorRef<WorkerProtocol.Command>> workers) implements Message {}

    private record Described(ActorRef<WorkerProtocol.Command> worker, WorkerInfo info) implements Message {}

    private record NotDescribed(ActorRef<WorkerProtocol.Command> worker) implements Message {}

    private record Reported(StageEvent event) implements Message {}

    private record Left(String address) implements Message {}

    private record Stayed() implements Message {}

    private record Tick() implements Message {}

    private record FirstResult(long epoch) implements Message {}

    private record Silent(long epoch) implements Message {}

    private record Looked(String address, boolean gone) implements Message {}

    private record PlansLost(long epoch, String why) implements Message {}

    private record Ended(long sequenceId) implements Message {}

    private record Broken(Throwable failure) implements Message {}

    private final PipelineSettings settings;
    private final Stages stages;
    private final PipelineControl control;
    private final SchedulerAgent agent;
    private final Thread agentThread;
    private final ActorRef<StageEvent> reports;
    private final Map<String, ActorRef<WorkerProtocol.Command>> workersByAddress = new HashMap<>();
    private final Set<ActorRef<WorkerProtocol.Command>> listed = new HashSet<>();
    private final Set<ActorRef<WorkerProtocol.Command>> asked = new HashSet<>();
    private final Clients clients;

    private PipelineState told = PipelineState.WAITING_FOR_WORKERS;

    private PipelineActor(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            PipelineSettings settings,
            ModelPlan model,
            Supplier<Drafter> draftModel,
            StageLinks links,
            Stages stages) {
        super(context);
        context.setLoggerName(PipelineActor.class);
        this.settings = settings;
        this.stages = stages;
        clients = new Clients(context);
        StageInbox inbox = links.openInbox();
        var placement = new Placement(
                settings.stored(model.spec()),
                settings.kvBudget(model.spec()),
                settings.precision().bf16());
        // The clock has passed every number that the scheduler before this one counted up to, less than one a
        // millisecond.
        control = new PipelineControl(settings.control(model), placement, inbox.endpoint(), System.currentTimeMillis());
        int stageCount = settings.stageCount(model.spec());
        var engine = new Engine(
                settings.limits(),
                settings.speculative().speculation(draftModel),
                stageCount,
                model.spec().maxPositions(),
                model.spec().vocabSize(),
                settings.kvBlockTokens());
        agent = new SchedulerAgent(
                engine, stageCount, links, inbox, settings, System::nanoTime, new Reports(context.getSelf()));
        agentThread = new Thread(agent, "scheduler-agent");
        agentThread.setDaemon(true);
        agentThread.start();
        reports = context.messageAdapter(StageEvent.class, Reported::new);
        var listings = context.messageAdapter(
                Receptionist.Listing.class, listing -> new Listed(listing.getServiceInstances(WorkerProtocol.KEY)));
        context.getSystem().receptionist().tell(Receptionist.subscribe(WorkerProtocol.KEY, listings));
        var members = context.messageAdapter(MemberEvent.class, PipelineActor::leaving);
        Cluster.get(context.getSystem()).subscriptions().tell(Subscribe.create(members, MemberEvent.class));
        timers.startTimerWithFixedDelay(new Tick(), TICK);
    }

    /**
     * The pipeline of one model.
     *
     * @param draftModel gives a drafter where the settings want a model for it
     * @param stages reaches the stages
     */
    public static Behavior<Command> create(
            PipelineSettings settings, ModelPlan model, Supplier<Drafter> draftModel, StageLinks links, Stages stages) {
        Behavior<Message> behavior = Behaviors.setup(context -> Behaviors.withTimers(
                timers -> new PipelineActor(context, timers, settings, model, draftModel, links, stages)));
        return Behaviors.transformMessages(Command.class, behavior, match -> match.matchAny(Told::new));
    }

    private static Message leaving(MemberEvent event) {
        boolean leaves =
                event instanceof MemberRemoved || event instanceof MemberDowned || event instanceof MemberExited;
        return leaves ? new Left(event.member().address().toString()) : new Stayed();
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Told.class, told -> onCommand(told.command()))
                .onMessage(Listed.class, this::onListed)
                .onMessage(Described.class, this::onDescribed)
                .onMessage(NotDescribed.class, this::onNotDescribed)
                .onMessage(Reported.class, this::onReported)
                .onMessage(Left.class, left -> after(control.onWorkerLost(left.address(), now())))
                .onMessage(Stayed.class, stayed -> this)
                .onMessage(Tick.class, tick -> onTick())
                .onMessage(FirstResult.class, first -> after(control.onFirstResult(first.epoch(), now())))
                .onMessage(Silent.class, silent -> after(control.onSilence(silent.epoch())))
                .onMessage(Looked.class, this::onLooked)
                .onMessage(PlansLost.class, lost -> after(control.onPlansLost(lost.epoch(), lost.why(), now())))
                .onMessage(Ended.class, this::onEnded)
                .onMessage(Broken.class, this::onBroken)
                .onSignal(Terminated.class, this::onTerminated)
                .onSignal(PreRestart.class, signal -> onStop())
                .onSignal(PostStop.class, signal -> onStop())
                .build();
    }

    private static long now() {
        return System.nanoTime();
    }

    private Behavior<Message> onCommand(Command command) {
        switch (command) {
            case Submit submit -> onSubmit(submit);
            case Cancel cancel -> agent.offer(new AgentCommand.Cancel(cancel.sequenceId()));
            case GetStatus getStatus -> getStatus.replyTo().tell(status());
            case WorkerGone gone -> after(control.onWorkerGone(gone.address(), now()));
            case WorkerLeaving leaving -> onLeaving(leaving);
        }
        return this;
    }

    private void onLeaving(WorkerLeaving leaving) {
        after(control.onWorkerLeaving(leaving.address(), now()));
        leaving.replyTo().tell(new Released(leaving.address()));
    }

    private void onSubmit(Submit submit) {
        long id = submit.request().id();
        if (!agent.offer(new AgentCommand.Submit(submit.request(), submit.replyTo()))) {
            submit.replyTo()
                    .tell(new SequenceEvent.Refused(
                            id,
                            SequenceEvent.Refusal.OVERLOADED,
                            "more than " + settings.requestQueue() + " requests are on their way to the scheduler"));
            return;
        }
        clients.await(id, submit.replyTo());
    }

    private Behavior<Message> onLooked(Looked looked) {
        if (looked.gone()) {
            getContext().getLog().warn("Nobody listens at {} any more: the worker's process is gone", looked.address());
            after(control.onWorkerGone(looked.address(), now()));
        }
        return this;
    }

    private Behavior<Message> onReported(Reported reported) {
        if (reported.event() instanceof StageEvent.StepFailed failed) {
            return onStepFailed(failed);
        }
        return after(control.onStageEvent(reported.event(), now()));
    }

    /** What the step's sequences are suspected of has to be known before they are computed again. */
    private Behavior<Message> onStepFailed(StageEvent.StepFailed failed) {
        String why = "step " + failed.step() + " came to nothing in stage "
                + failed.stage().index() + ": " + failed.reason();
        getContext().getLog().warn("Pipeline {}: {}", settings.name(), why);
        agent.order(new AgentCommand.Accuse(failed.epoch(), failed.step()));
        return failed.goesOn() ? after(control.onPlansLost(failed.epoch(), why, now())) : this;
    }

    private Behavior<Message> onEnded(Ended ended) {
        clients.ended(ended.sequenceId());
        return this;
    }

    /** Nobody is left to hear of these sequences. */
    private Behavior<Message> onTerminated(Terminated terminated) {
        clients.gone(terminated.getRef()).forEach(id -> agent.offer(new AgentCommand.Cancel(id)));
        return this;
    }

    private Behavior<Message> onListed(Listed listing) {
        listed.retainAll(listing.workers());
        asked.retainAll(listing.workers());
        listed.addAll(listing.workers());
        workersByAddress.values().retainAll(listing.workers());
        describeNew();
        return this;
    }

    private void describeNew() {
        for (var worker : listed) {
            if (asked.add(worker)) {
                getContext()
                        .ask(
                                WorkerInfo.class,
                                worker,
                                DESCRIBE_TIMEOUT,
                                WorkerProtocol.Describe::new,
                                (info, failure) ->
                                        failure == null ? new Described(worker, info) : new NotDescribed(worker));
            }
        }
    }

    private Behavior<Message> onDescribed(Described described) {
        if (listed.contains(described.worker())) {
            workersByAddress.put(described.info().address(), described.worker());
            after(control.onWorker(described.info(), now()));
        }
        return this;
    }

    /** Asked again with the next tick. */
    private Behavior<Message> onNotDescribed(NotDescribed silent) {
        asked.remove(silent.worker());
        return this;
    }

    private Behavior<Message> onTick() {
        describeNew();
        return after(control.onTick(now()));
    }

    private Behavior<Message> onBroken(Broken broken) {
        throw new IllegalStateException("the scheduler's thread ended", broken.failure());
    }

    /** Bounded: the thread sees the flag within its longest nap, or after the frame at hand. */
    private Behavior<Message> onStop() {
        agent.close();
        try {
            agentThread.join(AGENT_STOP_MS);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
        return this;
    }

    private Behavior<Message> after(List<Effect> effects) {
        effects.forEach(this::carryOut);
        if (control.state() != told) {
            told = control.state();
            getContext().getLog().info("Pipeline {}: epoch {}, {}", settings.name(), control.epoch(), describe(told));
        }
        return this;
    }

    private String describe(PipelineState state) {
        return state == PipelineState.SERVING ? "tokens come out" : control.message();
    }

    private void carryOut(Effect effect) {
        var log = getContext().getLog();
        switch (effect) {
            case Effect.Load load ->
                tell(
                        new StageSeat(
                                load.assignment().stage(), load.assignment().worker()),
                        new StageProtocol.Load(load.assignment(), reports));
            case Effect.Connect connect ->
                tell(connect.seat(), new StageProtocol.Connect(connect.epoch(), connect.next(), reports));
            case Effect.Unload unload -> tell(unload.seat(), new StageProtocol.Unload());
            case Effect.Start start ->
                agent.order(new AgentCommand.Start(start.epoch(), start.kvBlockCount(), start.firstStage()));
            case Effect.Suspend suspend -> {
                log.info("Pipeline {}: {}", settings.name(), suspend.why());
                agent.order(new AgentCommand.Suspend(suspend.why()));
            }
            case Effect.Resumed resumed ->
                log.info(
                        "Pipeline {} serves epoch {} with {} stages, after a pause of {} ms",
                        settings.name(),
                        resumed.epoch(),
                        control.stages().size(),
                        resumed.pauseNs() / 1_000_000);
            case Effect.Warn warn -> log.warn("Pipeline {}: {}", settings.name(), warn.what());
            case Effect.Check check ->
                getContext()
                        .pipeToSelf(
                                PortProbe.refuses(check.worker()),
                                (gone, failure) -> new Looked(check.worker(), failure == null && gone));
            case Effect.Down down -> down(down.worker());
            case Effect.Refuse refuse -> {
                log.warn("Worker {} is refused: {}", refuse.worker(), refuse.reason());
                var worker = workersByAddress.get(refuse.worker());
                if (worker != null) {
                    worker.tell(new WorkerProtocol.Refuse(refuse.reason()));
                }
            }
        }
    }

    /** A message that cannot be sent is as good as one that was lost: the control repeats it. */
    private void tell(StageSeat seat, StageProtocol.Command command) {
        try {
            stages.tell(seat, command);
        } catch (IllegalStateException | IllegalArgumentException notStarted) {
            getContext().getLog().debug("Stage {} cannot be told yet: {}", seat, notStarted.getMessage());
        }
    }

    private void down(String address) {
        var system = getContext().getSystem();
        Cluster.get(system).state().getMembers().forEach(member -> {
            if (member.address().toString().equals(address)) {
                GoneMember.remove(
                        system, member.address(), member.uniqueAddress().longUid());
            }
        });
    }

    private PipelineStatus status() {
        AgentSnapshot snapshot = agent.snapshot();
        var engine = snapshot.engine();
        boolean serving = control.state() == PipelineState.SERVING;
        return new PipelineStatus(
                settings.name(),
                serving,
                control.message(),
                control.epoch(),
                control.stages().stream()
                        .map(view -> stage(view, snapshot.stage(view.place().index())))
                        .toList(),
                control.workers(),
                engine.waiting(),
                engine.running(),
                engine.kvBlocksUsed(),
                engine.kvBlocksTotal(),
                engine.maxSequenceTokens(),
                engine.preemptions(),
                control.recoveries(),
                control.lastPauseNs(),
                engine.stepCount(),
                engine.promptTokens(),
                engine.completionTokens(),
                engine.draftedTokens(),
                engine.acceptedTokens(),
                control.notes());
    }

    private static PipelineStatus.Stage stage(StageView view, AgentSnapshot.StageFigures figures) {
        return new PipelineStatus.Stage(
                view.place().index(),
                view.place().layers(),
                view.placed() ? view.place().worker() : "",
                view.state(),
                view.loadedShare(),
                view.kernels(),
                view.weights(),
                view.kvBytes(),
                figures.busyNs(),
                figures.idleNs(),
                figures.hopP50Ns(),
                figures.hopP99Ns());
    }

    /** Turns what the scheduler's thread reports into messages. */
    private record Reports(ActorRef<Message> actor) implements AgentListener {
        @Override
        public void firstResult(long epoch) {
            actor.tell(new FirstResult(epoch));
        }

        @Override
        public void silent(long epoch) {
            actor.tell(new Silent(epoch));
        }

        @Override
        public void plansLost(long epoch, String why) {
            actor.tell(new PlansLost(epoch, why));
        }

        @Override
        public void ended(long sequenceId) {
            actor.tell(new Ended(sequenceId));
        }

        @Override
        public void broken(Throwable failure) {
            actor.tell(new Broken(failure));
        }
    }
}
