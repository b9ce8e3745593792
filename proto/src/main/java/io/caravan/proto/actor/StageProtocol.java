package io.caravan.proto.actor;

import io.caravan.proto.link.LinkEndpoint;
import org.apache.pekko.actor.typed.ActorRef;

/** What a stage is told. */
public interface StageProtocol {

    sealed interface Command extends CaravanMessage {}

    /** Become this stage. Answered by {@link StageEvent.Loading} repeatedly, then Ready or Failed. Repeats are harmless. */
    record Load(StageAssignment assignment, ActorRef<StageEvent> replyTo) implements Command {}

    /**
     * Serve epoch {@code epoch} and send what comes out to {@code next}: the following stage's inbox, or the scheduler's
     * for the last one. Answered by {@link StageEvent.Serving}.
     */
    record Connect(long epoch, LinkEndpoint next, ActorRef<StageEvent> replyTo) implements Command {}

    /** Finish what is in flight, take nothing new. Answered by {@link StageEvent.Drained}. */
    record Drain(ActorRef<StageEvent> replyTo) implements Command {}

    /** Give weights, blocks and links back and become empty. */
    record Unload() implements Command {}

    /** Answered by {@link StageEvent.Status}. */
    record GetStatus(ActorRef<StageEvent> replyTo) implements Command {}
}
