package io.caravan.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.cli.CliException;
import io.caravan.cli.address.Addresses;
import io.caravan.proto.actor.SchedulerProtocol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Set;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemberAddressTest {
    private static final long LONGEST_WAIT_MS = 30_000;

    @Test
    void shouldKeepToTheLoopbackWhereNobodyIsToBeJoined() {
        var decided = decide("");

        assertThat(decided.getString("caravan.cluster.host")).isEqualTo("127.0.0.1");
        assertThat(decided.getString("caravan.transport.host")).isEqualTo("127.0.0.1");
        assertThat(decided.getString("pekko.remote.artery.bind.hostname")).isEqualTo("127.0.0.1");
    }

    @ParameterizedTest
    @CsvSource({"localhost, 127.0.0.1, 127.0.0.1", "::1, [::1], 0:0:0:0:0:0:0:1", "127.0.0.9, 127.0.0.9, 127.0.0.9"})
    void shouldCallItselfByNumberHoweverThatIsWritten(String given, String actors, String tensors) {
        var decided = decide("caravan.cluster.host = \"%s\", caravan.transport.host = \"%s\"".formatted(given, given));

        assertThat(decided.getString("caravan.cluster.host")).isEqualTo(actors);
        assertThat(decided.getString("caravan.transport.host")).isEqualTo(tensors);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::"})
    void shouldListenEverywhereAndBeCalledByOneAddress(String everywhere) throws Exception {
        var decided = decide("caravan.cluster.host = \"%s\"".formatted(everywhere));

        var own = Addresses.ofThisMachine().stream().findFirst().orElse(InetAddress.getLoopbackAddress());
        assertThat(decided.getString("caravan.cluster.host")).isEqualTo(Addresses.text(own));
        assertThat(InetAddress.getByName(decided.getString("pekko.remote.artery.bind.hostname"))
                        .isAnyLocalAddress())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.77", "no-such-host.invalid"})
    void shouldRefuseAnAddressOfAnotherMachineAndListItsOwn(String foreign) {
        assertThatThrownBy(() -> decide("caravan.cluster.host = \"%s\"".formatted(foreign)))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("--cluster-host " + foreign)
                .hasMessageContaining("127.0.0.1, or 0.0.0.0");
    }

    @Test
    void shouldTakeTheUsualPortOnlyWhereItIsFree() throws IOException {
        int port;
        try (var taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            port = taken.getLocalPort();
            assertThat(port(port, 0)).isZero();
        }
        assertThat(port(port, 0)).isEqualTo(port);
        assertThat(port(port, 7)).isEqualTo(7);
    }

    private static int port(int usual, int given) {
        return decide("caravan.cluster { usual-port = %d, port = %d }".formatted(usual, given))
                .getInt("caravan.cluster.port");
    }

    @Test
    void shouldNotWaitForItselfWhereAllAreToldTheSameMembers() {
        var decided = decide("""
                caravan.cluster { host = 127.0.0.1, port = 25519 }
                caravan.cluster.seeds = ["localhost:25519", "no-such-host.invalid:25519"]
                """);

        assertThat(decided.getStringList("caravan.cluster.seeds"))
                .containsExactly("127.0.0.1:25519", "no-such-host.invalid:25519");
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.1, localhost", "localhost, 127.0.0.1", "::1, [::1]", "0.0.0.0, localhost"})
    void shouldJoinAMemberWhateverBothCallIt(String gateway, String seed) throws Exception {
        try (var founder = start("caravan.cluster.host = \"%s\"".formatted(gateway), SchedulerProtocol.ROLE)) {
            String port = founder.hostAndPort().replaceFirst(".*:", "");
            try (var joiner =
                    start("caravan.cluster.seeds = [\"%s:%s\"]".formatted(seed, port), SchedulerProtocol.WORKER_ROLE)) {
                awaitUp(joiner);
            }
        }
    }

    private static Member start(String settings, String role) {
        return Member.start(decide(settings), Set.of(role));
    }

    private static void awaitUp(Member member) throws InterruptedException {
        var cluster = Cluster.get(member.system());
        long deadlineMs = System.currentTimeMillis() + LONGEST_WAIT_MS;
        while (!cluster.selfMember().status().equals(MemberStatus.up())) {
            assertThat(System.currentTimeMillis())
                    .as("%s joins", member.hostAndPort())
                    .isLessThan(deadlineMs);
            Thread.sleep(20);
        }
    }

    private static Config decide(String settings) {
        return MemberAddress.decide(ConfigFactory.load(ConfigFactory.parseString(settings)
                .withFallback(ConfigFactory.parseResources("caravan-cluster.conf"))));
    }
}
