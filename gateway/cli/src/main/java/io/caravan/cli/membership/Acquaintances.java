package io.caravan.cli.membership;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/**
 * What a process remembers over its incarnations: where it may find a cluster. The seeds that it was told stay; of the
 * gateways that it met the latest.
 */
public final class Acquaintances {
    private final List<String> seeds;
    private final int most;
    private final SequencedSet<String> met = new LinkedHashSet<>(); // the latest last
    private List<String> preferred = List.of();
    private boolean wasMember;

    /** @param seeds addresses of actor systems */
    public Acquaintances(List<String> seeds, int most) {
        this.seeds = List.copyOf(seeds);
        this.most = most;
    }

    /** These are gateways. */
    public synchronized void meet(Collection<String> gateways) {
        gateways.stream().filter(address -> !seeds.contains(address)).forEach(met::addLast);
        while (met.size() > most) {
            met.removeFirst();
        }
    }

    /** The next incarnation is to join one of these, whoever else it knows. */
    synchronized void prefer(List<String> gateways) {
        meet(gateways);
        preferred = List.copyOf(gateways);
    }

    /** This process has become a member. */
    synchronized void joined() {
        wasMember = true;
        preferred = List.of();
    }

    /** Whether this process, now or in an earlier incarnation, has been a member of a cluster. */
    public synchronized boolean wasMember() {
        return wasMember;
    }

    /** Everybody. */
    public synchronized List<String> all() {
        var all = new ArrayList<String>(seeds);
        all.addAll(met.reversed());
        return all;
    }

    /** Whom to ask for a cluster to join. */
    public synchronized List<String> toJoin() {
        return preferred.isEmpty() ? all() : preferred;
    }
}
