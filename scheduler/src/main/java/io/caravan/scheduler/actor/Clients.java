package io.caravan.scheduler.actor;

import io.caravan.proto.actor.SequenceEvent;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;

/** Who waits for which sequences; each of them is watched, since what nobody waits for is cancelled. */
final class Clients {
    private final ActorContext<?> context;
    private final Map<Long, ActorRef<SequenceEvent>> clientsById = new HashMap<>();
    private final Map<ActorRef<SequenceEvent>, Set<Long>> idsByClient = new HashMap<>();

    Clients(ActorContext<?> context) {
        this.context = context;
    }

    /** A sequence has one client: the one that submitted it last. */
    void await(long sequenceId, ActorRef<SequenceEvent> client) {
        ActorRef<SequenceEvent> before = clientsById.put(sequenceId, client);
        if (!client.equals(before)) {
            if (before != null) {
                forget(before, sequenceId);
            }
            idsByClient.computeIfAbsent(client, first -> new HashSet<>()).add(sequenceId);
            context.watch(client);
        }
    }

    /** The sequence has ended. */
    void ended(long sequenceId) {
        ActorRef<SequenceEvent> client = clientsById.remove(sequenceId);
        if (client != null) {
            forget(client, sequenceId);
        }
    }

    private void forget(ActorRef<SequenceEvent> client, long sequenceId) {
        var ids = idsByClient.get(client);
        ids.remove(sequenceId);
        if (ids.isEmpty()) {
            idsByClient.remove(client);
            context.unwatch(client);
        }
    }

    /** The client is gone; returns the sequences that nobody waits for any more. */
    Set<Long> gone(ActorRef<?> client) {
        var ids = idsByClient.keySet().stream()
                .filter(client::equals)
                .findFirst()
                .map(idsByClient::remove)
                .orElse(Set.of());
        clientsById.keySet().removeAll(ids);
        return ids;
    }
}
