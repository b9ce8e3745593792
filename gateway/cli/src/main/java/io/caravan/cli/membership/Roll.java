package io.caravan.cli.membership;

import io.caravan.proto.actor.SchedulerProtocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;

/**
 * The cluster's members at this moment.
 *
 * @param status of this process
 * @param peers the others, without those that are known to be dead or have all but left
 * @param departing addresses of those
 */
record Roll(Peer self, MemberStatus status, List<Peer> peers, List<Peer> departing) {
    private static final Set<MemberStatus> PRESENT =
            Set.of(MemberStatus.joining(), MemberStatus.weaklyUp(), MemberStatus.up(), MemberStatus.leaving());

    static Roll of(Cluster cluster) {
        var state = cluster.state();
        Member self = cluster.selfMember();
        Set<Member> unreachable = state.getUnreachable();
        var peers = new ArrayList<Peer>();
        var departing = new ArrayList<Peer>();
        MemberStatus status = MemberStatus.removed();
        for (Member member : state.getMembers()) {
            if (member.uniqueAddress().equals(self.uniqueAddress())) {
                status = member.status();
            } else {
                (PRESENT.contains(member.status()) ? peers : departing)
                        .add(peer(member, member.isOlderThan(self), unreachable.contains(member)));
            }
        }
        return new Roll(peer(self, false, false), status, peers, departing);
    }

    private static Peer peer(Member member, boolean older, boolean unreachable) {
        return new Peer(
                member.address().toString(),
                member.uniqueAddress().longUid(),
                member.hasRole(SchedulerProtocol.ROLE),
                older,
                member.status().equals(MemberStatus.joining()),
                unreachable);
    }

    /** Whether this process is a full member. */
    boolean up() {
        return status == MemberStatus.up();
    }

    /** Whether it is on nobody's list. */
    boolean outside() {
        return status == MemberStatus.removed();
    }

    /** Whether a process is, or was until just now, a member. */
    boolean has(String address, long uid) {
        return Stream.concat(peers.stream(), departing.stream())
                .anyMatch(peer -> peer.address().equals(address) && peer.uid() == uid);
    }

    boolean hasAddress(String address) {
        return self.address().equals(address)
                || peers.stream().anyMatch(peer -> peer.address().equals(address));
    }

    /** Of the members, and {@code one} more. */
    Set<Long> uids(long one) {
        return Stream.concat(Stream.of(one), peers.stream().map(Peer::uid)).collect(Collectors.toSet());
    }

    /** Addresses of the gateways, this process included where it is one. */
    List<String> gateways() {
        return Stream.concat(Stream.of(self), peers.stream())
                .filter(Peer::gateway)
                .map(Peer::address)
                .toList();
    }

    int workers() {
        return (int) peers.stream().filter(peer -> !peer.gateway()).count();
    }
}
