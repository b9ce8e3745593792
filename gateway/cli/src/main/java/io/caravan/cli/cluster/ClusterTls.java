package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.cli.CliException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Mutual TLS between the members of a cluster: each shows a certificate that the one authority signed, for a name that the
 * other's certificate has too. PEM files, as a Kubernetes secret of type {@code tls} mounts them; a file that changes is
 * read again for new connections.
 *
 * @param certificate of this process; empty, as the others, for no TLS
 * @param key of the certificate
 * @param authority that signed the certificates of all members
 */
public record ClusterTls(String certificate, String key, String authority) {
    private static final String ENGINES = "org.apache.pekko.remote.artery.tcp.ssl.RotatingKeysSSLEngineProvider";

    /** @throws CliException where only some of the files are named, or one cannot be read */
    public ClusterTls {
        long named = Stream.of(certificate, key, authority)
                .filter(it -> !it.isBlank())
                .count();
        if (named != 0 && named != 3) {
            throw new CliException(
                    "TLS between members needs all of --cluster-cert, --cluster-key and --cluster-ca, or none");
        }
        if (named == 3) {
            Stream.of(certificate, key, authority).forEach(ClusterTls::check);
        }
    }

    /** Parses the key {@code caravan.cluster.tls}. */
    static ClusterTls from(Config tls) {
        return new ClusterTls(tls.getString("cert"), tls.getString("key"), tls.getString("ca"));
    }

    private static void check(String file) {
        if (!Files.isReadable(Path.of(file))) {
            throw new CliException("the PEM file " + file + " for TLS between members cannot be read");
        }
    }

    /** Whether members speak TLS. */
    public boolean enabled() {
        return !certificate.isBlank();
    }

    /** What this means to Pekko. */
    Config pekko() {
        return enabled()
                ? ConfigFactory.parseMap(Map.of(
                        "pekko.remote.artery.transport", "tls-tcp",
                        "pekko.remote.artery.ssl.ssl-engine-provider", ENGINES,
                        "pekko.remote.artery.ssl.rotating-keys-engine.cert-file", certificate,
                        "pekko.remote.artery.ssl.rotating-keys-engine.key-file", key,
                        "pekko.remote.artery.ssl.rotating-keys-engine.ca-cert-file", authority))
                : ConfigFactory.empty();
    }
}
