package io.caravan.cli.membership;

import io.caravan.proto.actor.AnswerSetting;
import io.caravan.proto.actor.MembershipProtocol;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;

/** How this process fares as a member, from the start of its actor system on. */
public final class Membership {
    private final CompletableFuture<Fate> fate = new CompletableFuture<>();
    private final CompletableFuture<Void> agreed = new CompletableFuture<>();

    private Membership() {}

    /**
     * Watches over a process that is about to join.
     *
     * @param settings on which answers depend; a gateway's are compared with those of the gateways that were there before
     * @param mayFound whether it founds a cluster of its own where it finds none to join again
     * @param awaitsGateways whether a gateway that starts finds the cluster of this process
     */
    public static Membership start(
            ActorSystem<?> system,
            MembershipSettings patience,
            Acquaintances acquaintances,
            List<AnswerSetting> settings,
            boolean mayFound,
            boolean awaitsGateways) {
        var membership = new Membership();
        system.systemActorOf(
                MembershipActor.create(patience, acquaintances, settings, mayFound, awaitsGateways, membership),
                MembershipProtocol.NAME,
                Props.empty());
        return membership;
    }

    /** Completes when this process is no member any more, or must not be one. */
    public CompletionStage<Fate> fate() {
        return fate.minimalCompletionStage();
    }

    /** Completes when this process is a full member whose settings are those of the gateways before it. */
    public CompletionStage<Void> agreed() {
        return agreed.minimalCompletionStage();
    }

    /** The first word counts. */
    public void end(Fate found) {
        fate.complete(found);
    }

    void agree() {
        agreed.complete(null);
    }

    boolean isDecided() {
        return agreed.isDone() || fate.isDone();
    }
}
