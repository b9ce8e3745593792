package io.caravan.cli.verbs;

import io.caravan.cli.config.Setting;
import java.util.List;
import picocli.CommandLine.Option;

/** A member of a cluster of several machines. */
final class NodeFlags {
    @Setting(
            key = {"caravan.cluster.host", "caravan.transport.host"},
            env = "CARAVAN_CLUSTER_HOST")
    @Option(
            names = "--cluster-host",
            paramLabel = "HOST",
            description = "Address of this machine that other members reach it at; 0.0.0.0: all of them. Left away: the"
                    + " one that the member to join is reached from, or the loopback. [CARAVAN_CLUSTER_HOST]")
    private String host;

    @Setting(key = "caravan.cluster.port", env = "CARAVAN_CLUSTER_PORT")
    @Option(
            names = "--cluster-port",
            paramLabel = "PORT",
            description = "TCP port of the actors; 0: any free one, of serve 25520 where that is free."
                    + " [CARAVAN_CLUSTER_PORT]")
    private Integer port;

    @Setting(key = "caravan.cluster.seeds", env = "CARAVAN_JOIN")
    @Option(
            names = {"--join", "--seed"},
            paramLabel = "HOST:PORT",
            split = ",",
            description = "Members to join, any of them. [CARAVAN_JOIN]")
    private List<String> seeds;

    @Setting(key = "caravan.cluster.bootstrap", env = "CARAVAN_BOOTSTRAP")
    @Option(
            names = "--bootstrap",
            paramLabel = "seed|kubernetes",
            description = "How members find each other. [CARAVAN_BOOTSTRAP]")
    private String bootstrap;

    @Setting(key = "caravan.transport.port", env = "CARAVAN_TRANSPORT_PORT")
    @Option(
            names = "--transport-port",
            paramLabel = "PORT",
            description = "UDP port of the tensors; 0: any free one. [CARAVAN_TRANSPORT_PORT]")
    private Integer transportPort;

    @Setting(key = "caravan.cluster.tls.cert", env = "CARAVAN_CLUSTER_CERT")
    @Option(
            names = "--cluster-cert",
            paramLabel = "FILE",
            description = "PEM certificate that this member shows the others. [CARAVAN_CLUSTER_CERT]")
    private String certificate;

    @Setting(key = "caravan.cluster.tls.key", env = "CARAVAN_CLUSTER_KEY")
    @Option(names = "--cluster-key", paramLabel = "FILE", description = "PEM key of it. [CARAVAN_CLUSTER_KEY]")
    private String key;

    @Setting(key = "caravan.cluster.tls.ca", env = "CARAVAN_CLUSTER_CA")
    @Option(
            names = "--cluster-ca",
            paramLabel = "FILE",
            description = "PEM certificate of who signed those of all members. [CARAVAN_CLUSTER_CA]")
    private String authority;

    @Setting(key = "caravan.log.stderr", env = "CARAVAN_LOG")
    @Option(
            names = "--log",
            paramLabel = "LEVEL",
            description = "What to log on standard error beside the log file: INFO, WARN, ... [CARAVAN_LOG]")
    private String log;
}
