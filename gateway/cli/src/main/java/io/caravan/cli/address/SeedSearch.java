package io.caravan.cli.address;

import io.caravan.cli.CliException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for a member to join until one accepts connections, and says every now and then why none does. What it finds tells
 * this process too by which of its own addresses that member, and so the others, can reach it.
 *
 * @param seeds where members may be
 * @param everywhere whether a seed on the loopback may be reached by the machine's other addresses: a gateway that listens on
 *     all of them is called by one of those
 */
public record SeedSearch(List<HostAndPort> seeds, boolean everywhere, JoinSettings settings) {
    private static final Logger LOG = LoggerFactory.getLogger(SeedSearch.class);

    public SeedSearch {
        seeds = List.copyOf(seeds);
    }

    /**
     * Members to join, by number.
     *
     * @param own address of this machine that the first of them is reached from
     */
    public record Found(List<InetSocketAddress> members, InetAddress own) {
        public Found {
            members = List.copyOf(members);
        }
    }

    /**
     * What is at a seed.
     *
     * @param members at its addresses, whether they are there or may come
     * @param own addresses of this machine from which those that are there are reached
     * @param failure why none is there
     */
    private record Look(List<InetSocketAddress> members, List<InetAddress> own, String failure) {}

    /** Waits until one is there. */
    public Found await() {
        var notices = settings.notices();
        while (true) {
            var looks = seeds.stream().map(this::look).toList();
            var own = looks.stream().flatMap(look -> look.own().stream()).toList();
            if (!own.isEmpty()) {
                return new Found(
                        looks.stream().flatMap(look -> look.members().stream()).toList(), own.getFirst());
            }
            if (notices.due(System.nanoTime())) {
                LOG.warn(
                        "No member to join yet, still trying: {}",
                        looks.stream().map(Look::failure).collect(Collectors.joining("; ")));
            }
            pause();
        }
    }

    private Look look(HostAndPort seed) {
        try {
            var addresses = Arrays.asList(InetAddress.getAllByName(seed.host()));
            if (everywhere && addresses.stream().allMatch(SeedSearch::isHere)) {
                for (InetAddress address : Addresses.ofThisMachine()) {
                    var here = look(List.of(address), seed.port());
                    if (!here.own().isEmpty()) {
                        return here;
                    }
                }
            }
            return look(addresses, seed.port());
        } catch (UnknownHostException unknown) {
            return new Look(List.of(), List.of(), SeedProbe.unknown(seed));
        }
    }

    private Look look(List<InetAddress> addresses, int port) {
        var there = new ArrayList<InetSocketAddress>();
        var own = new ArrayList<InetAddress>();
        var failures = new ArrayList<String>();
        for (InetAddress address : addresses) {
            switch (SeedProbe.look(address, port, settings.connectTimeout())) {
                case SeedProbe.Sight.Accepts accepts -> {
                    there.add(new InetSocketAddress(address, port));
                    own.add(accepts.own());
                }
                case SeedProbe.Sight.Fails fails -> failures.add(fails.why());
            }
        }
        return there.isEmpty()
                ? new Look(
                        addresses.stream()
                                .map(each -> new InetSocketAddress(each, port))
                                .toList(),
                        List.of(),
                        failures.getFirst())
                : new Look(there, own, "");
    }

    private static boolean isHere(InetAddress address) {
        return address.isLoopbackAddress() || address.isAnyLocalAddress();
    }

    private void pause() {
        try {
            Thread.sleep(settings.retry());
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted while looking for a member to join", ended);
        }
    }
}
