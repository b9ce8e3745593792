package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.cli.CliException;
import io.caravan.cli.address.Addresses;
import io.caravan.cli.address.HostAndPort;
import io.caravan.cli.address.SeedSearch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides by which address the other members reach this process. The one that is given; else the one that the member which
 * it joins is reached from, which so can answer; else, where it joins nobody, the loopback: nobody is let in who was not
 * expected.
 */
public final class MemberAddress {
    private static final Logger LOG = LoggerFactory.getLogger(MemberAddress.class);
    private static final String HOST = "caravan.cluster.host";
    private static final String PORT = "caravan.cluster.port";
    private static final String TENSORS_HOST = "caravan.transport.host";

    private final Config config;
    private final ClusterSettings settings;
    private final List<HostAndPort> seeds;

    private MemberAddress(Config config) {
        this.config = config;
        this.settings = ClusterSettings.from(config);
        this.seeds = settings.seeds().stream().map(HostAndPort::parse).toList();
    }

    /**
     * {@code config} with addresses in numbers: this process's own, for actors and tensors, and those of the members to
     * join. Waits for one of these, since the answer depends on where it is.
     *
     * @throws CliException where an address makes no sense
     */
    public static Config decide(Config config) {
        return new MemberAddress(config).decided();
    }

    private Config decided() {
        var given = settings.host().isBlank() ? List.<InetAddress>of() : List.of(ownAddress(settings.host()));
        boolean joins = settings.bootstrap() == ClusterSettings.Bootstrap.SEED && !seeds.isEmpty();
        if (!joins || given.stream().anyMatch(this::isSeed)) {
            var own = given.isEmpty() ? InetAddress.getLoopbackAddress() : given.getFirst();
            var seen = own.isAnyLocalAddress()
                    ? Addresses.ofThisMachine().stream().findFirst().orElse(InetAddress.getLoopbackAddress())
                    : own;
            return with(
                    seen,
                    own,
                    joins ? seeds.stream().map(MemberAddress::byNumber).toList() : List.of());
        }
        var found = new SeedSearch(seeds, given.isEmpty(), settings.join()).await();
        var own = given.isEmpty() ? found.own() : given.getFirst();
        if (own.isLoopbackAddress()
                && !Addresses.isOfThisMachine(found.members().getFirst().getAddress())) {
            LOG.warn(
                    "Members on other machines cannot reach {}: leave --cluster-host away, or give {}",
                    Addresses.text(own),
                    Addresses.text(found.own()));
        }
        return with(
                own.isAnyLocalAddress() ? found.own() : own,
                own,
                found.members().stream()
                        .map(each -> Addresses.text(each.getAddress()) + ":" + each.getPort())
                        .toList());
    }

    /** Whether this process is one of the members that all are told to join, as a list that is the same for all may have it. */
    private boolean isSeed(InetAddress own) {
        int port = settings.port() == 0 ? settings.usualPort() : settings.port();
        return seeds.stream().anyMatch(seed -> seed.port() == port && isAt(seed, own));
    }

    private static boolean isAt(HostAndPort seed, InetAddress own) {
        try {
            return List.of(InetAddress.getAllByName(seed.host())).contains(own);
        } catch (UnknownHostException notYet) {
            return false;
        }
    }

    /** In their order: the first of them founds the cluster. One that has no address yet may get one. */
    private static String byNumber(HostAndPort seed) {
        try {
            return Addresses.text(InetAddress.getByName(seed.host())) + ":" + seed.port();
        } catch (UnknownHostException notYet) {
            return seed.toString();
        }
    }

    /** @param bound address to listen on */
    private Config with(InetAddress own, InetAddress bound, List<String> members) {
        var values = new HashMap<String, Object>();
        values.put(HOST, Addresses.text(own));
        values.put(
                PORT,
                settings.port() == 0 && isFree(bound, settings.usualPort()) ? settings.usualPort() : settings.port());
        values.put("pekko.remote.artery.bind.hostname", Addresses.text(bound));
        values.put("caravan.cluster.seeds", members);
        String tensors = config.getString(TENSORS_HOST);
        values.put(
                TENSORS_HOST,
                tensors.isBlank() || tensors.equals(settings.host())
                        ? own.getHostAddress().replaceFirst("%.*", "")
                        : tensors);
        return ConfigFactory.parseMap(values, "addresses of this member").withFallback(config);
    }

    private static boolean isFree(InetAddress address, int port) {
        try (var socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(address, port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }

    private static InetAddress ownAddress(String host) {
        try {
            var address = InetAddress.getByName(host);
            if (address.isAnyLocalAddress() || Addresses.isOfThisMachine(address)) {
                return address;
            }
        } catch (UnknownHostException unknown) {
            LOG.debug("No address of {}", host, unknown);
        }
        throw new CliException("--cluster-host " + host + " is no address of this machine; those are "
                + Stream.concat(Addresses.ofThisMachine().stream(), Stream.of(InetAddress.getLoopbackAddress()))
                        .map(Addresses::text)
                        .collect(Collectors.joining(", "))
                + ", or 0.0.0.0 for all");
    }
}
