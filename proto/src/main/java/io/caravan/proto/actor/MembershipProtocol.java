package io.caravan.proto.actor;

import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * What processes say to each other about who is with whom. Each has one actor for it under a name that all know, so that it
 * can be spoken to before it is a member of anything, and after it has ceased to be one.
 */
public interface MembershipProtocol {

    /** Name of the system actor. */
    String NAME = "caravan-membership";

    sealed interface Command extends CaravanMessage {}

    /** Are you there, and who are you with? Answered with {@link Greeted}. */
    record Greet(ClusterView from, ActorRef<Command> replyTo) implements Command {}

    /** Answer to {@link Greet}. */
    record Greeted(ClusterView from) implements Command {}

    /** Two clusters found each other, and that of {@code from} would join yours. Answered with {@link Come} where it may. */
    record Yield(ClusterView from, ActorRef<Command> replyTo) implements Command {}

    /** Answer to {@link Yield}: join one of these. */
    record Come(List<String> gateways) implements Command {
        public Come {
            gateways = List.copyOf(gateways);
        }
    }

    /** To a member of the cluster that yields: all of us join one of these. */
    record Move(List<String> gateways) implements Command {
        public Move {
            gateways = List.copyOf(gateways);
        }
    }
}
