package io.caravan.worker.stage;

import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.actor.StageEvent;
import io.caravan.proto.actor.StageId;
import io.caravan.proto.actor.StageProtocol.Command;
import io.caravan.proto.actor.StageProtocol.Connect;
import io.caravan.proto.actor.StageProtocol.Drain;
import io.caravan.proto.actor.StageProtocol.GetStatus;
import io.caravan.proto.actor.StageProtocol.Load;
import io.caravan.proto.actor.StageProtocol.Unload;
import io.caravan.proto.actor.StageState;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.model.HeldWeights;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * A stage as Cluster Sharding sees it: decides, and never waits.
 *
 * <p>At most one thread ({@link StageRunner}) belongs to the stage at a time. It outlives the decision to end it, since a
 * step or a tensor is finished first; a new assignment waits for that, so that two never take the memory of one. What an
 * ended thread still reports is told apart by its run number.
 *
 * <p>A repeated {@link Load} is answered with where the stage stands. One of a newer epoch that wants the same weights and
 * blocks keeps them. Everything of an older epoch is answered with {@link StageEvent.Status} or dropped.
 */
public final class StageActor extends AbstractBehavior<StageActor.Message> {

    /** What the actor receives: commands, and what its stage's thread reports. */
    sealed interface Message {}

    private record Told(Command command) implements Message {}

    private record Loaded(int run, long loadedBytes, long totalBytes) implements Message {}

    private record Opened(int run, LinkEndpoint inbox, String kernels, HeldWeights weights, long kvBytes)
            implements Message {}

    private record Connected(int run, long epoch) implements Message {}

    private record Emptied(int run, long epoch) implements Message {}

    private record Halted(int run, long epoch, long step, String reason, boolean goesOn) implements Message {}

    private record Broken(int run, String reason) implements Message {}

    private record Ended(int run) implements Message {}

    private final StageId stage;
    private final StageHost host;

    private StageState state = StageState.EMPTY;
    private Optional<StageAssignment> assignment = Optional.empty();
    private Optional<ActorRef<StageEvent>> replyTo = Optional.empty();
    private Optional<StageProxy> proxy = Optional.empty();
    private Optional<Opened> opened = Optional.empty();
    private Loaded progress = new Loaded(0, 0, 0);
    private String failure = "";
    private int run;

    private StageActor(ActorContext<Message> context, StageId stage, StageHost host) {
        super(context);
        context.setLoggerName(StageActor.class);
        this.stage = stage;
        this.host = host;
    }

    /** An empty stage on {@code host}. */
    public static Behavior<Command> create(StageId stage, StageHost host) {
        Behavior<Message> behavior = Behaviors.setup(context -> new StageActor(context, stage, host));
        return Behaviors.transformMessages(Command.class, behavior, match -> match.matchAny(Told::new));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Told.class, told -> onCommand(told.command()))
                .onMessage(Loaded.class, this::onLoaded)
                .onMessage(Opened.class, this::onOpened)
                .onMessage(Connected.class, this::onConnected)
                .onMessage(Emptied.class, this::onEmptied)
                .onMessage(Halted.class, this::onHalted)
                .onMessage(Broken.class, this::onBroken)
                .onMessage(Ended.class, this::onEnded)
                .onSignal(PostStop.class, stopped -> onPostStop())
                .build();
    }

    private Behavior<Message> onCommand(Command command) {
        switch (command) {
            case Load load -> onLoad(load);
            case Connect connect -> onConnect(connect);
            case Drain drain -> onDrain(drain);
            case Unload unload -> onUnload();
            case GetStatus(var asker) -> asker.tell(status());
        }
        return this;
    }

    private void onLoad(Load load) {
        StageAssignment wanted = load.assignment();
        if (!wanted.stage().equals(stage)) {
            load.replyTo().tell(failed(wanted.epoch(), "stage " + stage + " was told to be " + wanted.stage()));
        } else if (wanted.epoch() < epoch()) {
            load.replyTo().tell(status());
        } else if (!wanted.worker().equals(host.address())) {
            onUnload();
            load.replyTo().tell(new StageEvent.Misplaced(stage, wanted.epoch(), host.address()));
        } else {
            replyTo = Optional.of(load.replyTo());
            if (keeps(wanted)) {
                continueAs(wanted);
            } else if (state == StageState.FAILED && wanted.equals(assignment.orElseThrow())) {
                report(failed(wanted.epoch(), failure));
            } else {
                become(wanted);
            }
        }
    }

    /** Whether the weights and blocks at hand, or under way, are those that {@code wanted} asks for. */
    private boolean keeps(StageAssignment wanted) {
        return state != StageState.EMPTY
                && state != StageState.FAILED
                && assignment
                        .filter(held -> withEpoch(held, wanted.epoch()).equals(wanted))
                        .isPresent();
    }

    private void continueAs(StageAssignment wanted) {
        boolean newer = wanted.epoch() > epoch();
        assignment = Optional.of(wanted);
        if (newer && state != StageState.LOADING) {
            queued(proxy.orElseThrow().hold());
            state = StageState.READY;
        }
        switch (state) {
            case LOADING -> report(loading());
            case READY -> report(ready());
            case SERVING -> {
                report(ready());
                report(new StageEvent.Serving(stage, epoch()));
            }
            case DRAINING, EMPTY, FAILED -> report(status());
        }
    }

    private void become(StageAssignment wanted) {
        assignment = Optional.of(wanted);
        state = StageState.LOADING;
        opened = Optional.empty();
        progress = new Loaded(run, 0, 0);
        report(loading());
        if (proxy.isPresent()) {
            proxy.get().close();
        } else {
            launch();
        }
    }

    private void launch() {
        run++;
        proxy = Optional.of(StageRunner.start(
                assignment.orElseThrow(), host, new Reports(getContext().getSelf(), run)));
    }

    private void onConnect(Connect connect) {
        switch (state) {
            case EMPTY, LOADING -> connect.replyTo().tell(status());
            case FAILED -> connect.replyTo().tell(failed(epoch(), failure));
            case READY, SERVING -> {
                if (connect.epoch() >= epoch()) {
                    connect(connect);
                } else {
                    connect.replyTo().tell(status());
                }
            }
            case DRAINING -> {
                if (connect.epoch() > epoch()) {
                    connect(connect);
                }
            }
        }
    }

    /** The stage serves once its agent says so. */
    private void connect(Connect connect) {
        replyTo = Optional.of(connect.replyTo());
        assignment = assignment.map(held -> withEpoch(held, connect.epoch()));
        state = StageState.READY;
        queued(proxy.orElseThrow().connect(connect.epoch(), connect.next()));
    }

    private void onDrain(Drain drain) {
        switch (state) {
            case EMPTY, LOADING, READY, FAILED -> drain.replyTo().tell(new StageEvent.Drained(stage, epoch()));
            case SERVING, DRAINING -> {
                replyTo = Optional.of(drain.replyTo());
                state = StageState.DRAINING;
                queued(proxy.orElseThrow().drain());
            }
        }
    }

    private void onUnload() {
        proxy.ifPresent(StageProxy::close);
        state = StageState.EMPTY;
        assignment = Optional.empty();
        opened = Optional.empty();
    }

    private Behavior<Message> onLoaded(Loaded loaded) {
        if (isCurrent(loaded.run())) {
            progress = loaded;
            report(loading());
        }
        return this;
    }

    private Behavior<Message> onOpened(Opened reported) {
        if (isCurrent(reported.run())) {
            opened = Optional.of(reported);
            state = StageState.READY;
            report(ready());
        }
        return this;
    }

    private Behavior<Message> onConnected(Connected connected) {
        if (isCurrent(connected.run()) && connected.epoch() == epoch() && state == StageState.READY) {
            state = StageState.SERVING;
            report(new StageEvent.Serving(stage, epoch()));
        }
        return this;
    }

    private Behavior<Message> onEmptied(Emptied emptied) {
        if (isCurrent(emptied.run()) && emptied.epoch() == epoch() && state == StageState.DRAINING) {
            report(new StageEvent.Drained(stage, epoch()));
        }
        return this;
    }

    private Behavior<Message> onHalted(Halted halted) {
        if (isCurrent(halted.run()) && halted.epoch() == epoch()) {
            report(new StageEvent.StepFailed(
                    stage, halted.epoch(), halted.step(), host.label() + ": " + halted.reason(), halted.goesOn()));
        }
        return this;
    }

    private Behavior<Message> onBroken(Broken broken) {
        if (isCurrent(broken.run())) {
            fail(broken.reason());
        }
        return this;
    }

    private Behavior<Message> onEnded(Ended ended) {
        if (ended.run() != run) {
            return this;
        }
        boolean wanted = isCurrent(run);
        proxy = Optional.empty();
        switch (state) {
            case LOADING -> {
                if (wanted) {
                    fail("the stage's thread ended while it loaded");
                } else {
                    launch();
                }
            }
            case READY, SERVING, DRAINING -> fail("the stage's thread ended");
            case EMPTY, FAILED -> {}
        }
        return this;
    }

    private Behavior<Message> onPostStop() {
        proxy.ifPresent(StageProxy::close);
        return this;
    }

    private void fail(String reason) {
        state = StageState.FAILED;
        opened = Optional.empty();
        failure = host.label() + ": " + reason;
        report(failed(epoch(), failure));
    }

    /** Whether {@code reporter} is the thread that is to be this stage, not one that is being given up. */
    private boolean isCurrent(int reporter) {
        return reporter == run && proxy.filter(held -> !held.isClosing()).isPresent();
    }

    /** A full queue means that the agent has been busy for long; the scheduler repeats what is not answered. */
    private void queued(boolean taken) {
        if (!taken) {
            getContext().getLog().warn("Stage {} is too busy to take an order", stage);
        }
    }

    private void report(StageEvent event) {
        replyTo.ifPresent(asker -> asker.tell(event));
    }

    private long epoch() {
        return assignment.map(StageAssignment::epoch).orElse(0L);
    }

    private StageEvent loading() {
        return new StageEvent.Loading(stage, epoch(), progress.loadedBytes(), progress.totalBytes());
    }

    private StageEvent ready() {
        Opened held = opened.orElseThrow();
        return new StageEvent.Ready(
                stage, epoch(), host.address(), held.inbox(), held.kernels(), held.weights(), held.kvBytes());
    }

    private StageEvent failed(long epoch, String reason) {
        return new StageEvent.Failed(stage, epoch, host.address(), reason);
    }

    private StageEvent status() {
        var counters = proxy.map(StageProxy::counters).orElseGet(StageCounters::new);
        return new StageEvent.Status(
                stage, epoch(), host.address(), state, counters.stepCount(), counters.busyNs(), counters.idleNs());
    }

    private static StageAssignment withEpoch(StageAssignment held, long epoch) {
        return new StageAssignment(
                held.stage(),
                held.stageCount(),
                held.layers(),
                held.model(),
                held.worker(),
                epoch,
                held.kvBlockCount(),
                held.kvBlockTokens(),
                held.precision(),
                held.maxRows());
    }

    /** Turns what the stage's thread reports into messages. */
    private record Reports(ActorRef<Message> actor, int run) implements StageListener {
        @Override
        public void loading(long loadedBytes, long totalBytes) {
            actor.tell(new Loaded(run, loadedBytes, totalBytes));
        }

        @Override
        public void ready(LinkEndpoint inbox, String kernels, HeldWeights weights, long kvBytes) {
            actor.tell(new Opened(run, inbox, kernels, weights, kvBytes));
        }

        @Override
        public void serving(long epoch) {
            actor.tell(new Connected(run, epoch));
        }

        @Override
        public void drained(long epoch) {
            actor.tell(new Emptied(run, epoch));
        }

        @Override
        public void stepFailed(long epoch, long step, String reason, boolean goesOn) {
            actor.tell(new Halted(run, epoch, step, reason, goesOn));
        }

        @Override
        public void failed(String reason) {
            actor.tell(new Broken(run, reason));
        }

        @Override
        public void closed() {
            actor.tell(new Ended(run));
        }
    }
}
