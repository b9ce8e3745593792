package io.caravan.cli.membership;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Decides who is dead, by what this process itself sees of each member and not by counting who is left.
 *
 * <p>A port that refuses connections, or at which another process answers, proves that a process is gone: the cluster goes
 * on without it at once. One that the failure detector calls unreachable, and that answers no question either, is taken for
 * dead after a stable time, by every gateway that sees it so. Both parts of a network that is parted may go on: nothing is
 * stored that could diverge, epochs fence stages, and tokens are the same wherever they are computed. Of two gateways that
 * miss each other the younger waits twice as long, so that where a third member still reaches both only one has to go.
 *
 * <p>Who is no gateway has no vote: without a gateway it is of no use, and looks for a cluster that has one.
 */
final class Jury {
    private static final int OLDER_PATIENCE = 2;
    private static final int LOST_PATIENCE = 3;

    /** What is known of a member. */
    private static final class Record {
        Peer peer;
        long unreachableSinceNs;
        long heardNs;
        long probedNs;
        String gone = "";
        boolean judged;

        Record(Peer peer, long nowNs) {
            this.peer = peer;
            unreachableSinceNs = nowNs;
            heardNs = nowNs;
            probedNs = nowNs;
        }

        boolean isGone() {
            return !gone.isEmpty();
        }
    }

    private final long suspectNs;
    private final long stableNs;
    private final long unsettledNs;
    private final Map<String, Record> records = new HashMap<>(); // by address
    private final boolean awaitsGateways;
    private boolean hadGateway;
    private boolean heldUp;
    private long heldUpSinceNs;

    /** @param awaitsGateways whether a gateway that starts finds this cluster, so that one without a gateway is worth keeping */
    Jury(MembershipSettings settings, boolean awaitsGateways) {
        this.awaitsGateways = awaitsGateways;
        suspectNs = settings.suspectAfter().toNanos();
        stableNs = settings.stableAfter().toNanos();
        unsettledNs = settings.unsettledAfter().toNanos();
    }

    /** These, and nobody else, are the other members now. */
    void observe(List<Peer> peers, long nowNs) {
        records.keySet().retainAll(peers.stream().map(Peer::address).collect(Collectors.toSet()));
        for (Peer peer : peers) {
            hadGateway |= peer.gateway();
            Record known = records.get(peer.address());
            if (known == null || known.peer.uid() != peer.uid()) {
                records.put(peer.address(), new Record(peer, nowNs));
                continue;
            }
            if (peer.unreachable() && !known.peer.unreachable()) {
                known.unreachableSinceNs = nowNs;
            }
            known.peer = peer;
        }
        boolean joining = peers.stream().anyMatch(Peer::joining);
        heldUpSinceNs = heldUp && joining ? heldUpSinceNs : nowNs;
        heldUp = joining;
    }

    /** A process said something. */
    void heard(String address, long uid, long nowNs) {
        Record known = records.get(address);
        if (known != null && known.peer.uid() == uid) {
            known.heardNs = nowNs;
        } else if (known != null) {
            known.gone = "it was started anew";
        }
    }

    /** A member's host said that nobody listens at its port. */
    void refused(String address, long uid) {
        Record known = records.get(address);
        if (known != null && known.peer.uid() == uid) {
            known.gone = "its process is gone";
        }
    }

    /**
     * Who is asked whether it is there: gateways, and by those who judge also who is said to be unreachable. A member waits
     * to be let in until all the others have seen it: where that takes long all are asked, since one may be gone.
     */
    List<Peer> toAsk(boolean voter, long nowNs) {
        boolean all = heldUp && nowNs - heldUpSinceNs >= suspectNs;
        return records.values().stream()
                .map(each -> each.peer)
                .filter(peer -> peer.gateway() || voter && (all || peer.unreachable()))
                .toList();
    }

    /** Of these, who owes an answer for so long that its port is tried now. */
    List<Peer> toProbe(boolean voter, long nowNs) {
        var due = new ArrayList<Peer>();
        for (Peer peer : toAsk(voter, nowNs)) {
            Record known = records.get(peer.address());
            if (!known.isGone() && nowNs - Math.max(known.heardNs, known.probedNs) >= suspectNs) {
                known.probedNs = nowNs;
                due.add(peer);
            }
        }
        return due;
    }

    /** @param voter whether this process is a gateway and a full member */
    List<Verdict> verdicts(boolean voter, long nowNs) {
        return voter ? judge(nowNs) : mourn(nowNs);
    }

    /**
     * Once for each process: the cluster is told who is dead by the address alone, and where it is slow to listen a second
     * word would hit the process that was started anew at that address.
     */
    private List<Verdict> judge(long nowNs) {
        var verdicts = new ArrayList<Verdict>();
        for (Record each : records.values()) {
            if (!each.judged) {
                var verdict = judge(each, nowNs);
                verdict.ifPresent(verdicts::add);
                each.judged = verdict.isPresent();
            }
        }
        return verdicts;
    }

    private Optional<Verdict> judge(Record each, long nowNs) {
        Peer peer = each.peer;
        int patience = peer.gateway() && peer.older() ? OLDER_PATIENCE : 1;
        if (each.isGone()) {
            return Optional.of(new Verdict.Dead(peer, each.gone, false));
        }
        if (isSilent(each, patience, nowNs)) {
            return Optional.of(new Verdict.Dead(peer, "it has been silent for too long", true));
        }
        if (peer.unreachable() && nowNs - each.unreachableSinceNs >= unsettledNs) {
            return Optional.of(new Verdict.Dead(peer, "other members cannot reach it", false));
        }
        return Optional.empty();
    }

    private boolean isSilent(Record each, int patience, long nowNs) {
        return each.peer.unreachable()
                && nowNs - Math.max(each.unreachableSinceNs, each.heardNs) >= patience * stableNs;
    }

    private List<Verdict> mourn(long nowNs) {
        var gateways =
                records.values().stream().filter(each -> each.peer.gateway()).toList();
        boolean lost = hadGateway
                && !(gateways.isEmpty() && awaitsGateways)
                && gateways.stream().allMatch(each -> each.isGone() || isSilent(each, LOST_PATIENCE, nowNs));
        if (!lost) {
            return List.of();
        }
        String whose = gateways.stream()
                .map(each -> Addresses.hostAndPort(each.peer.address()))
                .collect(Collectors.joining(", "));
        return List.of(new Verdict.Lost(
                gateways.isEmpty() ? "its gateways have left" : "no gateway is left (" + whose + " does not answer)"));
    }
}
