package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import io.caravan.cli.address.JoinSettings;
import java.time.Duration;
import java.util.List;

/**
 * How a process becomes a member of a cluster: {@code caravan.cluster}.
 *
 * @param host address that other members reach this process at; empty: see {@link MemberAddress}
 * @param port of the actors; 0 takes the usual one where that is free, else any
 * @param usualPort 0 for none
 * @param seeds members to join, as {@code host:port}; where there are none a gateway founds a cluster
 * @param join how they are looked for
 * @param leaveTimeout longest time that leaving may take
 * @param managementPort of probes and of those who look for a cluster, where Kubernetes tells who may be one
 */
public record ClusterSettings(
        String host,
        int port,
        int usualPort,
        Bootstrap bootstrap,
        List<String> seeds,
        JoinSettings join,
        Duration leaveTimeout,
        int managementPort,
        ClusterTls tls) {

    /** How the other members are found. */
    public enum Bootstrap {
        /** They are named. */
        SEED,
        /** The Kubernetes API lists their pods. */
        KUBERNETES
    }

    public ClusterSettings {
        requirePort(port, "--cluster-port");
        requirePort(managementPort, "caravan.cluster.management-port");
        seeds = List.copyOf(seeds);
    }

    private static void requirePort(int port, String name) {
        if (port < 0 || port > 65535) {
            throw new CliException(name + " must be a port from 0 to 65535, not " + port);
        }
    }

    /** Parses the key {@code caravan.cluster} of {@code config}. */
    public static ClusterSettings from(Config config) {
        var cluster = config.getConfig("caravan.cluster");
        return new ClusterSettings(
                cluster.getString("host"),
                cluster.getInt("port"),
                cluster.getInt("usual-port"),
                bootstrap(cluster.getString("bootstrap")),
                cluster.getStringList("seeds"),
                JoinSettings.from(config),
                cluster.getDuration("leave-timeout"),
                cluster.getInt("management-port"),
                ClusterTls.from(cluster.getConfig("tls")));
    }

    private static Bootstrap bootstrap(String name) {
        return switch (name) {
            case "seed" -> Bootstrap.SEED;
            case "kubernetes" -> Bootstrap.KUBERNETES;
            default -> throw new CliException("caravan.cluster.bootstrap must be seed or kubernetes, not " + name);
        };
    }
}
