package io.caravan.cli.address;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class SeedSearchTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final JoinSettings QUICK = new JoinSettings(
            Duration.ofMillis(10), Duration.ofSeconds(1), Duration.ofMillis(20), Duration.ofMillis(100));

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.caravan.cli.address");
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void listen() {
        log.start();
        logger.setLevel(Level.WARN);
        logger.addAppender(log);
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(log);
        logger.setLevel(null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "localhost"})
    void shouldFindAMemberByNumberWhateverItWasCalled(String host) throws IOException {
        try (var member = listening(0)) {
            var found = search(new HostAndPort(host, member.getLocalPort())).await();

            assertThat(found.members()).containsExactly((InetSocketAddress) member.getLocalSocketAddress());
            assertThat(Addresses.text(found.own())).isEqualTo("127.0.0.1");
            assertThat(log.list).isEmpty();
        }
    }

    @Test
    void shouldSayWhyItWaitsAndGoOnWhenTheMemberComes() throws Exception {
        int port = freePort();
        var searching = CompletableFuture.supplyAsync(
                () -> search(new HostAndPort("no-such-host.invalid", 1), new HostAndPort("127.0.0.1", port))
                        .await());
        await(() -> log.list.size() >= 2);

        assertThat(log.list.getFirst().getFormattedMessage())
                .contains("no-such-host.invalid does not resolve")
                .contains("nothing listens at 127.0.0.1:" + port)
                .contains("--cluster-host");
        assertThat(searching).isNotDone();
        try (var member = listening(port)) {
            assertThat(searching.get(LONG.toSeconds(), TimeUnit.SECONDS).members())
                    .containsExactly((InetSocketAddress) member.getLocalSocketAddress());
        }
    }

    @Test
    void shouldNameWhatElseListensAtAPort() throws Exception {
        try (var server = listening(0)) {
            Thread.ofVirtual().start(() -> answer(server));
            var watch =
                    new JoinWatch(List.of(new HostAndPort("127.0.0.1", server.getLocalPort())), "127.0.0.1:9", QUICK);
            watch.start(() -> log.list.size() >= 1);

            await(() -> !log.list.isEmpty());
            assertThat(log.list.getFirst().getFormattedMessage())
                    .contains("something else than a member listens at 127.0.0.1:" + server.getLocalPort());
        }
    }

    @Test
    void shouldNameWhatAMemberMayBeMissingThatLetsNobodyIn() throws Exception {
        try (var silent = listening(0)) {
            var watch =
                    new JoinWatch(List.of(new HostAndPort("127.0.0.1", silent.getLocalPort())), "127.0.0.1:9", QUICK);
            watch.start(() -> log.list.size() >= 1);

            await(() -> !log.list.isEmpty());
            assertThat(log.list.getFirst().getFormattedMessage())
                    .contains("127.0.0.1:" + silent.getLocalPort() + " accepts connections, but")
                    .contains("does it reach 127.0.0.1:9")
                    .contains("--cluster-cert");
        }
    }

    private static SeedSearch search(HostAndPort... seeds) {
        return new SeedSearch(List.of(seeds), true, QUICK);
    }

    private static ServerSocket listening(int port) throws IOException {
        var socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port));
        return socket;
    }

    private static int freePort() throws IOException {
        try (var socket = listening(0)) {
            return socket.getLocalPort();
        }
    }

    private static void answer(ServerSocket server) {
        while (!server.isClosed()) {
            try (Socket client = server.accept()) {
                client.getOutputStream().write("HTTP/1.0 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            } catch (IOException gone) {
                return;
            }
        }
    }

    private static void await(java.util.function.BooleanSupplier condition) throws InterruptedException {
        long deadlineNs = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadlineNs);
            Thread.sleep(5);
        }
    }
}
