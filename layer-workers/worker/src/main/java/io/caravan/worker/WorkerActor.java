package io.caravan.worker;

import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.actor.WorkerProtocol.Command;
import io.caravan.proto.actor.WorkerProtocol.Describe;
import io.caravan.proto.actor.WorkerProtocol.Refuse;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.StashBuffer;

/** Tells what this worker can do, once it has measured it, and hears when the pipeline will not have it. */
public final class WorkerActor extends AbstractBehavior<WorkerActor.Message> {
    /** Questions that may wait for the measurement; those beyond are dropped, and asked again. */
    static final int MAX_WAITING_QUESTIONS = 64;

    /** What the actor receives: commands, and the outcome of the measurement. */
    sealed interface Message {}

    private record Told(Command command) implements Message {}

    private record Measured(WorkerInfo info) implements Message {}

    private record NotMeasured(String reason) implements Message {}

    private final StashBuffer<Message> questions;
    private final Consumer<String> refused;

    private WorkerActor(
            ActorContext<Message> context,
            StashBuffer<Message> questions,
            CompletionStage<WorkerInfo> measurement,
            Consumer<String> refused) {
        super(context);
        context.setLoggerName(WorkerActor.class);
        this.questions = questions;
        this.refused = refused;
        context.pipeToSelf(
                measurement,
                (info, failure) -> failure == null ? new Measured(info) : new NotMeasured(failure.toString()));
    }

    /**
     * @param measurement completes with what the worker can do
     * @param refused hears why the pipeline will not have this worker
     */
    public static Behavior<Command> create(CompletionStage<WorkerInfo> measurement, Consumer<String> refused) {
        Behavior<Message> behavior = Behaviors.withStash(
                MAX_WAITING_QUESTIONS,
                questions -> Behaviors.setup(context -> new WorkerActor(context, questions, measurement, refused)));
        return Behaviors.transformMessages(Command.class, behavior, match -> match.matchAny(Told::new));
    }

    /** While the worker measures itself. */
    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Told.class, this::onToldTooEarly)
                .onMessage(Measured.class, measured -> questions.unstashAll(describing(measured.info())))
                .onMessage(NotMeasured.class, this::onNotMeasured)
                .build();
    }

    private Behavior<Message> onToldTooEarly(Told told) {
        switch (told.command()) {
            case Describe describe -> {
                if (!questions.isFull()) {
                    questions.stash(told);
                }
            }
            case Refuse refuse -> onRefuse(refuse);
        }
        return this;
    }

    /** A worker that cannot compute is of no use: its process is to end with the reason. */
    private Behavior<Message> onNotMeasured(NotMeasured failure) {
        onRefuse(new Refuse("the worker could not measure itself: " + failure.reason()));
        return this;
    }

    private Behavior<Message> describing(WorkerInfo info) {
        return newReceiveBuilder()
                .onMessage(Told.class, told -> {
                    switch (told.command()) {
                        case Describe describe -> describe.replyTo().tell(info);
                        case Refuse refuse -> onRefuse(refuse);
                    }
                    return Behaviors.same();
                })
                .build();
    }

    private void onRefuse(Refuse refuse) {
        getContext().getLog().error("This worker is of no use to the pipeline: {}", refuse.reason());
        refused.accept(refuse.reason());
    }
}
