package io.caravan.scheduler.actor;

import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.sequence.SequenceRequest;
import org.apache.pekko.actor.typed.ActorRef;

/** What the actor hands to the scheduler's thread. */
sealed interface AgentCommand {

    /** Comes from clients, in numbers that are theirs to choose. */
    sealed interface Request extends AgentCommand {}

    /** Comes from the pipeline's control, a few for each epoch. */
    sealed interface Order extends AgentCommand {}

    record Submit(SequenceRequest request, ActorRef<SequenceEvent> replyTo) implements Request {}

    record Cancel(long sequenceId) implements Request {}

    record Start(long epoch, int kvBlockCount, LinkEndpoint firstStage) implements Order {}

    /** A stage broke down over a step, or could not take it. */
    record Accuse(long epoch, long step) implements Order {}

    record Suspend(String why) implements Order {}
}
