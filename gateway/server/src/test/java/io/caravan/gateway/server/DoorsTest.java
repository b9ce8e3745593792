package io.caravan.gateway.server;

import static io.caravan.gateway.server.GatewayFixture.HELLO;
import static io.caravan.gateway.server.GatewayFixture.TEXT;
import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.v1.CaravanGrpc;
import io.caravan.proto.v1.Chat;
import io.caravan.proto.v1.ChatMessage;
import io.caravan.proto.v1.GenerateRequest;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every port, with TLS and without, against clients that hold connections and ask nothing. */
class DoorsTest {
    private static final int MOST = 12;
    private static final int RESERVED = 6;
    private static final String FEW = "max-connections = " + MOST + ", reserved-connections = " + RESERVED;
    private static final int PATIENCE_SECONDS = 20;
    /** Beyond the timeout below and what a busy machine adds. */
    private static final int CLOSED_WITHIN_MS = 8000;

    /** The beginning of a handshake that says that more follows. */
    private static final byte[] HALF_A_HANDSHAKE = {0x16, 3, 1, 2, 0, 1};

    @TempDir
    private static Path folder;

    private static TlsFiles files;

    private final List<Socket> sockets = new ArrayList<>();

    /** What is said before nothing more is. */
    private enum Silence {
        FROM_THE_START,
        HALF_A_HANDSHAKE,
        AFTER_THE_HANDSHAKE,
        AFTER_HTTP2_BEGINS,
        AFTER_A_CALL_BEGINS,
        WITHIN_A_MESSAGE
    }

    @BeforeAll
    static void makeKey() throws Exception {
        files = TlsFiles.in(folder);
    }

    @AfterEach
    void hangUp() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldServeHoweverManyKeepSilent(boolean tls) throws Exception {
        try (var gateway = gateway(tls, FEW, "grpc { " + FEW + " }");
                var http = client()) {
            gateway.script.pause = Duration.ofMillis(100);
            var stream = http.sendAsync(
                    HttpRequest.newBuilder(uri(gateway, tls, "/v1/chat/completions"))
                            .POST(HttpRequest.BodyPublishers.ofString("{" + HELLO + ", \"stream\": true}"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            var channel = channel(gateway, tls);
            var call = CompletableFuture.supplyAsync(() -> answer(channel));
            assertThat(gateway.script.submitted.poll(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .isNotNull();
            assertThat(gateway.script.submitted.poll(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .isNotNull();

            for (int i = 0; i < 10 * MOST; i++) {
                for (int port : List.of(httpPort(gateway), grpcPort(gateway))) {
                    Socket socket = connect(port);
                    if (tls && i % 2 == 0) {
                        socket.getOutputStream().write(HALF_A_HANDSHAKE);
                    }
                }
            }
            for (String path : List.of("/health", "/health/ready", "/metrics", "/v1/models")) {
                assertThat(get(gateway, tls, path)).as(path).isEqualTo(200);
            }
            var probe = channel(gateway, tls);
            assertThat(HealthGrpc.newBlockingStub(probe)
                            .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus())
                    .isEqualTo(ServingStatus.SERVING);
            assertThat(stream.get(PATIENCE_SECONDS, TimeUnit.SECONDS).body())
                    .contains("walk")
                    .endsWith("[DONE]\n\n");
            assertThat(call.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(TEXT);
            probe.shutdownNow();
            channel.shutdownNow();

            assertThat(sockets.stream().filter(DoorsTest::isOpen)).hasSizeLessThanOrEqualTo(2 * (MOST + RESERVED));
        }
    }

    @ParameterizedTest
    @EnumSource(Silence.class)
    void shouldCloseWhatSendsNoWholeRequestInTime(Silence silence) throws Exception {
        String quick = "request-timeout = 1s, idle-timeout = 60s";
        for (boolean tls : List.of(false, true)) {
            try (var gateway = gateway(tls, quick, "")) {
                for (int port : List.of(httpPort(gateway), grpcPort(gateway))) {
                    Socket socket = fallSilent(port, tls, silence);
                    long began = System.nanoTime();
                    readToItsEnd(socket);
                    assertThat(Duration.ofNanos(System.nanoTime() - began))
                            .as("port of %s, TLS %s", port == httpPort(gateway) ? "HTTP" : "gRPC", tls)
                            .isLessThan(Duration.ofMillis(CLOSED_WITHIN_MS));
                }
            }
        }
    }

    /** Answers of a client that reads nothing are not waited for without end. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void shouldEndWithConnectionsOpen(boolean tls) throws Exception {
        var gateway = gateway(tls, "idle-timeout = 60s", "");
        connect(httpPort(gateway));
        assertThat(get(gateway, tls, "/health")).isEqualTo(200);
        long began = System.nanoTime();
        gateway.close();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofMillis(CLOSED_WITHIN_MS));
    }

    private Socket fallSilent(int port, boolean tls, Silence silence) throws IOException {
        Socket plain = connect(port);
        if (silence == Silence.FROM_THE_START) {
            return plain;
        }
        if (silence == Silence.HALF_A_HANDSHAKE) {
            plain.getOutputStream().write(HALF_A_HANDSHAKE);
            return plain;
        }
        Socket socket = tls ? encrypted(plain) : plain;
        if (silence == Silence.AFTER_THE_HANDSHAKE) {
            return socket;
        }
        var http2 = new RawHttp2(socket).begin();
        if (silence.ordinal() >= Silence.AFTER_A_CALL_BEGINS.ordinal()) {
            http2.call(1, "Generate");
        }
        if (silence == Silence.WITHIN_A_MESSAGE) {
            http2.message(1, 1000, new byte[10]);
        }
        return socket;
    }

    private Socket encrypted(Socket plain) throws IOException {
        var socket =
                (SSLSocket) files.trusting().getSocketFactory().createSocket(plain, "127.0.0.1", plain.getPort(), true);
        var parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        sockets.add(socket);
        return socket;
    }

    private static GatewayFixture gateway(boolean tls, String http, String more) {
        return new GatewayFixture("http { " + http + (tls ? ", " + files.settings() : "") + " }, " + more);
    }

    private static HttpClient client() {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(files.trusting())
                .build();
    }

    private static URI uri(GatewayFixture gateway, boolean tls, String path) {
        return URI.create((tls ? "https" : "http") + "://127.0.0.1:" + httpPort(gateway) + path);
    }

    /** On a connection of its own, as probes come. */
    private static int get(GatewayFixture gateway, boolean tls, String path) throws Exception {
        try (var client = client()) {
            var request = HttpRequest.newBuilder(uri(gateway, tls, path))
                    .timeout(Duration.ofSeconds(PATIENCE_SECONDS))
                    .build();
            int status =
                    client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
            client.shutdownNow();
            return status;
        }
    }

    private static String answer(ManagedChannel channel) {
        List<String> pieces = new ArrayList<>();
        CaravanGrpc.newBlockingStub(channel)
                .generate(GenerateRequest.newBuilder()
                        .setChat(Chat.newBuilder()
                                .addMessages(
                                        ChatMessage.newBuilder().setRole("user").setContent("Hello!")))
                        .build())
                .forEachRemaining(each -> pieces.add(each.getText()));
        return pieces.stream().collect(Collectors.joining());
    }

    private static ManagedChannel channel(GatewayFixture gateway, boolean tls) throws IOException {
        var builder = NettyChannelBuilder.forAddress("127.0.0.1", grpcPort(gateway));
        return tls
                ? builder.sslContext(GrpcSslContexts.forClient()
                                .trustManager(files.cert().toFile())
                                .build())
                        .build()
                : builder.usePlaintext().build();
    }

    private static int httpPort(GatewayFixture gateway) {
        return gateway.server.httpAddress().getPort();
    }

    private static int grpcPort(GatewayFixture gateway) {
        return gateway.server.grpcAddress().orElseThrow().getPort();
    }

    private Socket connect(int port) throws IOException {
        var socket = new Socket("127.0.0.1", port);
        sockets.add(socket);
        return socket;
    }

    private static boolean isOpen(Socket socket) {
        try {
            socket.setSoTimeout(1);
            while (socket.getInputStream().read() >= 0) {
                // greetings
            }
            return false;
        } catch (SocketTimeoutException waiting) {
            return true;
        } catch (IOException reset) {
            return false;
        }
    }

    /** What comes until the other side closes, which has to be soon. */
    private static String readToItsEnd(Socket socket) throws IOException {
        socket.setSoTimeout(CLOSED_WITHIN_MS);
        try {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (SocketException | javax.net.ssl.SSLException reset) {
            return "";
        }
    }
}
