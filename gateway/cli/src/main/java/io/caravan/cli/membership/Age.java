package io.caravan.cli.membership;

import io.caravan.proto.actor.ClusterView;

/** How long the oldest gateway of a cluster has been a member, as far as this process has heard. */
final class Age {
    private long sinceNs;
    private boolean member;

    /** This process is a member, now if not before. */
    void member(long nowNs) {
        if (!member) {
            member = true;
            sinceNs = nowNs;
        }
    }

    /** Another member says how old the cluster is. */
    void heard(ClusterView view, long nowNs) {
        long told = nowNs - view.ageMs() * 1_000_000;
        if (member && told - sinceNs < 0) {
            sinceNs = told;
        }
    }

    long ms(long nowNs) {
        return member ? (nowNs - sinceNs) / 1_000_000 : 0;
    }
}
