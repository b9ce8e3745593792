package io.caravan.proto.actor;

import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/** What a worker process is told; each registers one actor under {@link #KEY}. */
public interface WorkerProtocol {

    ServiceKey<Command> KEY = ServiceKey.create(Command.class, "caravan-worker");

    sealed interface Command extends CaravanMessage {}

    /** Answered by {@link WorkerInfo}. */
    record Describe(ActorRef<WorkerInfo> replyTo) implements Command {}

    /** The pipeline cannot use this worker; the process says why and ends. */
    record Refuse(String reason) implements Command {}
}
