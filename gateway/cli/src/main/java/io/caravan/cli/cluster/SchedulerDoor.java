package io.caravan.cli.cluster;

import io.caravan.proto.actor.SchedulerProtocol.Command;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.StashBuffer;

/**
 * The way to the scheduler of a gateway that may not take part in the pipeline yet, because it is no member or has not
 * compared its settings with the others': what comes before waits here.
 */
final class SchedulerDoor {
    /** Messages that wait; the latest beyond are dropped, and said again by those who sent them. */
    private static final int MOST_WAITING = 1_000;

    /** What the door is told. */
    sealed interface Message {}

    private record Knock(Command command) implements Message {}

    private record Opened(ActorRef<Command> scheduler) implements Message {}

    private SchedulerDoor() {}

    static Behavior<Message> create() {
        return Behaviors.withStash(MOST_WAITING, SchedulerDoor::closed);
    }

    /** What others send to the scheduler by {@code door}. */
    static Behavior<Command> knocker(ActorRef<Message> door) {
        return Behaviors.receiveMessage(command -> {
            door.tell(new Knock(command));
            return Behaviors.same();
        });
    }

    static Message opened(ActorRef<Command> scheduler) {
        return new Opened(scheduler);
    }

    private static Behavior<Message> closed(StashBuffer<Message> waiting) {
        return Behaviors.receiveMessage(message -> switch (message) {
            case Knock knock -> {
                if (!waiting.isFull()) {
                    waiting.stash(knock);
                }
                yield Behaviors.same();
            }
            case Opened opened -> waiting.unstashAll(open(opened.scheduler()));
        });
    }

    private static Behavior<Message> open(ActorRef<Command> scheduler) {
        return Behaviors.receiveMessage(message -> {
            if (message instanceof Knock(Command command)) {
                scheduler.tell(command);
            }
            return Behaviors.same();
        });
    }
}
