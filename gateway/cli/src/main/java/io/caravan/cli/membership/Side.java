package io.caravan.cli.membership;

import io.caravan.proto.actor.ClusterView;
import java.util.List;

/**
 * One of two clusters, or of two parts of one, between which it is decided who joins whom.
 *
 * @param gateways their addresses
 * @param ageMs how long its oldest gateway has been a member
 */
record Side(int workers, List<String> gateways, long ageMs) {
    /** What is younger by less may just have counted otherwise. */
    private static final long CLEARLY_MS = 5_000;

    Side {
        gateways = gateways.stream().sorted().toList();
        if (gateways.isEmpty()) {
            throw new IllegalArgumentException("a cluster that is met has a gateway");
        }
    }

    static Side of(ClusterView view) {
        return new Side(view.workers(), view.gateways(), view.ageMs());
    }

    /**
     * Whether this one joins {@code other}: the one with fewer workers, then with fewer gateways, the clearly younger one, the one
     * whose lowest address is higher. Of two sides that see each other alike exactly one does.
     */
    boolean yieldsTo(Side other) {
        if (workers != other.workers) {
            return workers < other.workers;
        }
        if (gateways.size() != other.gateways.size()) {
            return gateways.size() < other.gateways.size();
        }
        if (Math.abs(ageMs - other.ageMs) >= CLEARLY_MS) {
            return ageMs < other.ageMs;
        }
        return gateways.getFirst().compareTo(other.gateways.getFirst()) > 0;
    }
}
