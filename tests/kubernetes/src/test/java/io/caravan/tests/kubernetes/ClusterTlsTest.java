package io.caravan.tests.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.cli.CliException;
import io.caravan.cli.cluster.Member;
import io.caravan.tests.kubernetes.Certificates.Identity;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.pekko.cluster.typed.Cluster;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Members of a cluster whose actors speak mutual TLS, with PEM files as a Kubernetes secret mounts them. */
class ClusterTlsTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    /** In which a member that was let in would long be one. */
    private static final Duration SHORT = Duration.ofSeconds(5);

    @TempDir
    private static Path folder;

    private static Identity authority;
    private static Identity member;
    private static Identity stranger;

    @BeforeAll
    static void makeCertificates() {
        var certificates = new Certificates(folder);
        authority = certificates.selfSigned("authority", "dns:authority");
        member = certificates.signed("member", "dns:caravan", "authority");
        stranger = certificates.selfSigned("stranger", "dns:caravan");
    }

    @Test
    void shouldLetInWhoShowsACertificateAndNobodyElse() throws Exception {
        try (var first = Member.start(config(List.of(), tls(member)), Set.of("gateway"));
                var second = Member.start(config(List.of(first.hostAndPort()), tls(member)), Set.of("worker"))) {
            await(() -> members(first) == 2 && members(second) == 2);

            try (var wrong = Member.start(config(List.of(first.hostAndPort()), tls(stranger)), Set.of("worker"));
                    var plain = Member.start(config(List.of(first.hostAndPort()), Map.of()), Set.of("worker"))) {
                long untilNs = System.nanoTime() + SHORT.toNanos();
                while (System.nanoTime() < untilNs) {
                    assertThat(members(wrong)).isZero();
                    assertThat(members(plain)).isZero();
                    assertThat(members(first)).isEqualTo(2);
                    Thread.sleep(50);
                }
            }
        }
    }

    @Test
    void shouldRefuseHalfASettingAndMissingFiles() {
        assertThatThrownBy(() -> Member.start(config(List.of(), Map.of("caravan.cluster.tls.cert", "a.pem")), Set.of()))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("all of --cluster-cert, --cluster-key and --cluster-ca");
        assertThatThrownBy(() -> Member.start(
                        config(
                                List.of(),
                                Map.of(
                                        "caravan.cluster.tls.cert", "/no/a.pem",
                                        "caravan.cluster.tls.key", "/no/b.pem",
                                        "caravan.cluster.tls.ca", "/no/c.pem")),
                        Set.of()))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("/no/a.pem");
    }

    private static Config config(List<String> seeds, Map<String, String> tls) {
        return ConfigFactory.parseMap(tls)
                .withFallback(ConfigFactory.parseMap(Map.of(
                        "caravan.cluster.host",
                        "127.0.0.1",
                        "caravan.cluster.seeds",
                        seeds,
                        "caravan.cluster.leave-timeout",
                        "2s")))
                .withFallback(Configurations.defaults());
    }

    private static Map<String, String> tls(Identity identity) {
        return Map.of(
                "caravan.cluster.tls.cert", identity.certificate().toString(),
                "caravan.cluster.tls.key", identity.key().toString(),
                "caravan.cluster.tls.ca", authority.certificate().toString());
    }

    /** Members that are up, as {@code member} sees it. */
    private static int members(Member member) {
        int count = 0;
        for (var each : Cluster.get(member.system()).state().getMembers()) {
            count += each.status().equals(org.apache.pekko.cluster.MemberStatus.up()) ? 1 : 0;
        }
        return count;
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadlineNs = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("they are one cluster").isLessThan(deadlineNs);
            Thread.sleep(50);
        }
    }
}
