package io.caravan.cli.cluster;

import io.caravan.cli.CliException;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/** Submits one sequence and gathers its tokens until it ends. */
final class SequenceActor extends AbstractBehavior<SequenceEvent> {
    private final long submittedNs = System.nanoTime();
    private final int promptCount;
    private final List<TokenChoice> tokens = new ArrayList<>();
    private final List<Long> arrivedNs = new ArrayList<>();
    private final CompletableFuture<Completion> outcome;

    /** {@code outcome} is completed with the whole sequence, or with why it was refused. */
    static Behavior<SequenceEvent> create(
            SequenceRequest request,
            ActorRef<SchedulerProtocol.Command> scheduler,
            CompletableFuture<Completion> outcome) {
        return Behaviors.setup(context -> new SequenceActor(context, request, scheduler, outcome));
    }

    private SequenceActor(
            ActorContext<SequenceEvent> context,
            SequenceRequest request,
            ActorRef<SchedulerProtocol.Command> scheduler,
            CompletableFuture<Completion> outcome) {
        super(context);
        this.promptCount = request.prompt().size();
        this.outcome = outcome;
        scheduler.tell(new SchedulerProtocol.Submit(request, context.getSelf()));
    }

    @Override
    public Receive<SequenceEvent> createReceive() {
        return newReceiveBuilder().onMessage(SequenceEvent.class, this::onEvent).build();
    }

    private Behavior<SequenceEvent> onEvent(SequenceEvent event) {
        return switch (event) {
            case SequenceEvent.Accepted accepted -> this;
            case SequenceEvent.Tokens more -> onTokens(more);
            case SequenceEvent.Finished finished -> onFinished(finished);
            case SequenceEvent.Refused refused -> onRefused(refused);
        };
    }

    private Behavior<SequenceEvent> onTokens(SequenceEvent.Tokens more) {
        long nowNs = System.nanoTime();
        for (TokenChoice token : more.tokens()) {
            if (token.position() == promptCount + tokens.size()) {
                tokens.add(token);
                arrivedNs.add(nowNs);
            }
        }
        return this;
    }

    private Behavior<SequenceEvent> onFinished(SequenceEvent.Finished finished) {
        outcome.complete(new Completion(tokens, arrivedNs, submittedNs, finished.reason()));
        return Behaviors.stopped();
    }

    private Behavior<SequenceEvent> onRefused(SequenceEvent.Refused refused) {
        outcome.completeExceptionally(new CliException(refused.message()));
        return Behaviors.stopped();
    }
}
