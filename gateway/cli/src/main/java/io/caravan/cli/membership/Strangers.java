package io.caravan.cli.membership;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is known of processes that are no members: of some it was, until the network parted.
 *
 * <p>Two gateways that each declared the other dead do not hear each other any more, for good, since that is how the remoting
 * shuts out who was declared dead. So a port that accepts connections again while its process says nothing, of a gateway
 * that was given up for its silence, means that the network is whole again; who joins whom is decided by how the cluster was
 * parted, which both sides saw, and if anything each took the other for larger than it was.
 */
final class Strangers {
    private record Split(Side mine, Side theirs) {}

    private final Map<String, Split> splits = new HashMap<>(); // by address
    private final Map<String, Long> silentSinceNs = new HashMap<>(); // by address, of those whose port accepts
    private final Set<String> probed = new HashSet<>();

    /** A gateway was given up for its silence, and with it the rest of its side. */
    void parted(String address, Side mine, Side theirs) {
        splits.put(address, new Split(mine, theirs));
    }

    /** Whether its port is to be tried now; the answer is told to {@link #accepts} or {@link #doesNotAccept}. */
    boolean beginProbe(String address) {
        return probed.add(address);
    }

    void accepts(String address, long nowNs) {
        probed.remove(address);
        silentSinceNs.putIfAbsent(address, nowNs);
    }

    void doesNotAccept(String address) {
        probed.remove(address);
        silentSinceNs.remove(address);
    }

    /** It speaks, so that it need not be guessed what it is. */
    void heard(String address) {
        silentSinceNs.remove(address);
        splits.remove(address);
    }

    /** Who has come back, deaf and dumb, from the larger side of a network that was parted: this side joins it. */
    Optional<String> returned(long longestSilenceNs, long nowNs) {
        return splits.entrySet().stream()
                .filter(each -> silentSinceNs.containsKey(each.getKey())
                        && nowNs - silentSinceNs.get(each.getKey()) >= longestSilenceNs
                        && each.getValue().mine().yieldsTo(each.getValue().theirs()))
                .map(Map.Entry::getKey)
                .findAny();
    }
}
