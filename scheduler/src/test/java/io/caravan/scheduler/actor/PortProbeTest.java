package io.caravan.scheduler.actor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PortProbeTest {
    private static boolean refuses(String hostAndPort) {
        return PortProbe.refuses("pekko://caravan@" + hostAndPort)
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }

    @Test
    void shouldTellAPortThatIsListenedAtFromOneThatIsNot() throws IOException {
        String hostAndPort;
        try (var port = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            hostAndPort = "127.0.0.1:" + port.getLocalPort();
            assertThat(refuses(hostAndPort)).isFalse();
        }

        assertThat(refuses(hostAndPort)).isTrue();
    }

    @Test
    void shouldNotTakeAHostThatIsNotFoundForOneThatRefuses() {
        assertThat(refuses("no-such-host.invalid:1")).isFalse();
    }
}
