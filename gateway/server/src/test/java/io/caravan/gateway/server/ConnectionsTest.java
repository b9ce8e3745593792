package io.caravan.gateway.server;

import static io.caravan.gateway.server.GatewayFixture.HELLO;
import static io.caravan.gateway.server.GatewayFixture.TEXT;
import static io.caravan.gateway.server.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that say nothing, or not enough. */
class ConnectionsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final int MOST = 12;
    private static final String SETTINGS =
            "http { max-connections = 12, reserved-connections = 6, request-timeout = 1s, idle-timeout = 1s,"
                    + " body-timeout = 1s }";
    /** Beyond the timeouts above and what a busy machine adds. */
    private static final int CLOSED_WITHIN_MS = 6000;

    private final List<Socket> sockets = new ArrayList<>();

    @AfterEach
    void hangUp() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    @Test
    void shouldAnswerProbesHoweverManyKeepSilent() throws IOException {
        try (var gateway = new GatewayFixture("http { max-connections = 12, reserved-connections = 6 }")) {
            for (int i = 0; i < 10 * MOST; i++) {
                connect(gateway);
            }
            for (String path : List.of("/health", "/health/ready", "/metrics", "/v1/models")) {
                assertThat(gateway.get(path).statusCode()).as(path).isEqualTo(200);
            }
        }
    }

    @Test
    void shouldAnswerProbesAndRefuseTheRestWhileAllConnectionsAreAtWork() throws Exception {
        try (var gateway = new GatewayFixture(SETTINGS)) {
            gateway.script.pause = Duration.ofMillis(150);
            List<CompletableFuture<HttpResponse<String>>> streams = new ArrayList<>();
            for (int i = 0; i < MOST; i++) {
                streams.add(gateway.sendAsync(CHAT, "{" + HELLO + "}"));
                assertThat(gateway.script.submitted.poll(20, TimeUnit.SECONDS)).isNotNull();
            }
            HttpResponse<String> refused = gateway.get("/v1/models");
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.headers().firstValue("retry-after")).isPresent();
            for (String path : List.of("/health", "/health/ready", "/metrics")) {
                assertThat(gateway.get(path).statusCode()).as(path).isEqualTo(200);
            }
            for (var stream : streams) {
                assertThat(json(stream.get(20, TimeUnit.SECONDS))
                                .at("/choices/0/message/content")
                                .asText())
                        .isEqualTo(TEXT);
            }
            assertThat(gateway.get("/v1/models").statusCode()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: a",
                "GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
                "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
                "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
            })
    void shouldCloseWhatSendsNoWholeRequestInTime(String sent) throws IOException {
        try (var gateway = new GatewayFixture(SETTINGS)) {
            Socket socket = connect(gateway);
            socket.getOutputStream().write(sent.getBytes(StandardCharsets.US_ASCII));

            String answer = readToItsEnd(socket);
            if (sent.startsWith("POST")) {
                assertThat(answer).startsWith("HTTP/1.1 408").contains("body_too_slow");
            }
        }
    }

    @Test
    void shouldCloseWhatTricklesItsHeader() throws Exception {
        try (var gateway = new GatewayFixture(SETTINGS)) {
            Socket socket = connect(gateway);
            socket.getOutputStream().write("GET /health HTTP/1.1\r\nHost: x\r\n".getBytes(StandardCharsets.US_ASCII));
            boolean cut = false;
            for (int i = 0; i < CLOSED_WITHIN_MS / 100 && !cut; i++) {
                Thread.sleep(100);
                try {
                    socket.getOutputStream().write("X-A: b\r\n".getBytes(StandardCharsets.US_ASCII));
                } catch (SocketException closed) {
                    cut = true;
                }
            }
            assertThat(cut).isTrue();
        }
    }

    @Test
    void shouldLetAnAnswerTakeLongerThanConnectionsMayBeIdle() {
        try (var gateway = new GatewayFixture(SETTINGS)) {
            gateway.script.pause = Duration.ofMillis(120);
            for (String stream : List.of("false", "true")) {
                assertThat(gateway.post(CHAT, "{" + HELLO + ", \"stream\": " + stream + "}")
                                .body())
                        .contains("llama");
            }
        }
    }

    @Test
    void shouldCloseAGrpcConnectionThatDoesNothing() throws IOException {
        try (var gateway = new GatewayFixture(SETTINGS)) {
            var socket = new Socket(
                    "127.0.0.1", gateway.server.grpcAddress().orElseThrow().getPort());
            sockets.add(socket);
            readToItsEnd(socket);
        }
    }

    private Socket connect(GatewayFixture gateway) throws IOException {
        var socket = new Socket("127.0.0.1", gateway.server.httpAddress().getPort());
        sockets.add(socket);
        return socket;
    }

    /** What comes until the other side closes, which has to be soon. */
    private static String readToItsEnd(Socket socket) throws IOException {
        socket.setSoTimeout(CLOSED_WITHIN_MS);
        try {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (SocketException reset) {
            return "";
        }
    }
}
