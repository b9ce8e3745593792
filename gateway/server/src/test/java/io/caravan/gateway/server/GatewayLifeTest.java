package io.caravan.gateway.server;

import static io.caravan.gateway.server.GatewayFixture.HELLO;
import static io.caravan.gateway.server.GatewayFixture.TEXT;
import static io.caravan.gateway.server.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GatewayLifeTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final long PATIENCE_SECONDS = 10;
    private static final long DISCONNECT_MS = 1500;
    private static final int MAX_TRIES = 100;

    private static GatewayFixture gateway;

    @BeforeAll
    static void start() {
        gateway = fixture();
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.script.reset();
    }

    private static GatewayFixture fixture() {
        return new GatewayFixture(
                "http.keep-alive = 50ms, drain-timeout = 5s," + " status { max-age = 0s, timeout = 300ms }");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCancelWhenAClientGoesInTheMiddleOfItsAnswer(boolean stream) throws Exception {
        gateway.script.pause = Duration.ofMillis(100);
        try (Socket socket = send("{" + HELLO + ", \"stream\": " + stream + "}")) {
            awaitSubmission();
            if (stream) {
                assertThat(socket.getInputStream().readNBytes(15))
                        .asString(StandardCharsets.US_ASCII)
                        .isEqualTo("HTTP/1.1 200 OK");
            }
        }

        assertThat(gateway.script.cancelled.poll(DISCONNECT_MS, TimeUnit.MILLISECONDS))
                .isNotNull();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCancelWhenAClientGoesBeforeItsAnswerBegins(boolean stream) throws Exception {
        gateway.script.deafOnce = true;
        try (Socket socket = send("{" + HELLO + ", \"stream\": " + stream + "}")) {
            awaitSubmission();
            assertThat(socket.isConnected()).isTrue();
        }

        assertThat(gateway.script.cancelled.poll(DISCONNECT_MS, TimeUnit.MILLISECONDS))
                .isNotNull();
    }

    @Test
    void shouldAnswerAClientThatWantsItsConnectionClosed() throws IOException {
        gateway.script.pause = Duration.ofMillis(5);
        try (Socket socket = send("{" + HELLO + "}", "Connection: close\r\n")) {
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 200 OK")
                    .contains("twelve llamas walk now.");
        }
    }

    @Test
    void shouldKeepAnIdleStreamAlive() {
        gateway.script.pause = Duration.ofSeconds(1);

        assertThat(gateway.post(CHAT, "{" + HELLO + ", \"stream\": true, \"max_tokens\": 2}")
                        .body())
                .contains(": ping\n\n");
    }

    @Test
    void shouldEndAStreamThatFailsWithTheErrorAndTheUsualMark() {
        try (var own = new GatewayFixture("deadline = 300ms, generation.deadline-grace = 100ms")) {
            own.script.pause = Duration.ofMillis(100);
            List<JsonNode> chunks = GatewayFixture.chunks(own.post(CHAT, "{" + HELLO + ", \"stream\": true}"));

            assertThat(chunks.getFirst().at("/choices/0/delta/role").asText()).isEqualTo("assistant");
            assertThat(chunks.getLast().at("/error/type").asText()).isEqualTo("service_unavailable_error");
            assertThat(chunks.getLast().at("/error/message").asText()).contains("deadline");
        }
    }

    @Test
    void shouldFinishStreamsAndTakeNothingNewWhileItDrains() throws Exception {
        try (GatewayFixture own = fixture()) {
            own.script.pause = Duration.ofMillis(30);
            CompletableFuture<HttpResponse<String>> running =
                    CompletableFuture.supplyAsync(() -> own.post(CHAT, "{" + HELLO + "}"));
            assertThat(own.script.submitted.poll(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .isNotNull();

            var drained = own.server.drain().toCompletableFuture();
            assertThat(own.get("/health/ready").statusCode()).isEqualTo(503);
            assertThat(own.get("/health").statusCode()).isEqualTo(200);
            assertThat(own.post(CHAT, "{" + HELLO + "}").statusCode()).isEqualTo(503);
            drained.get(PATIENCE_SECONDS, TimeUnit.SECONDS);

            assertThat(json(running.get(PATIENCE_SECONDS, TimeUnit.SECONDS))
                            .at("/choices/0/message/content")
                            .asText())
                    .isEqualTo(TEXT);
        }
    }

    @Test
    void shouldBeReadyOnlyWhileThePipelineServes() {
        assertThat(gateway.get("/health/ready").statusCode()).isEqualTo(200);
    }

    @Test
    void shouldSayWhyThePipelineDoesNotServe() {
        try (GatewayFixture own = fixture()) {
            own.script.serving = false;

            assertThat(json(awaitUnready(own)).at("/error/message").asText()).isEqualTo("stage 1 has no worker");
        }
    }

    @Test
    void shouldNotBeReadyWhenThePipelineIsSilent() {
        try (GatewayFixture own = fixture()) {
            own.script.dead = true;

            assertThat(json(awaitUnready(own)).at("/error/message").asText()).contains("did not answer within 300 ms");
            assertThat(own.get("/health").statusCode()).isEqualTo(200);
        }
    }

    /** A question that was on its way when the pipeline changed may still be answered as before. */
    @Test
    void shouldTellOfWorkersThatKeepEnding() {
        String notice = "worker-1 ended 3 times in a row, last with status 1: no memory";
        try (var own = new GatewayFixture("status { max-age = 0s, timeout = 300ms }")) {
            own.notices.add(notice);
            assertThat(json(own.get("/status")).at("/notes/0").asText()).isEqualTo(notice);
            assertThat(own.get("/health/ready").statusCode())
                    .as("tokens come out")
                    .isEqualTo(200);

            own.script.serving = false;

            assertThat(json(awaitUnready(own)).at("/error/message").asText())
                    .isEqualTo("stage 1 has no worker; " + notice);
        }
    }

    private static HttpResponse<String> awaitUnready(GatewayFixture own) {
        for (int tries = 0; tries < MAX_TRIES; tries++) {
            HttpResponse<String> response = own.get("/health/ready");
            if (response.statusCode() == 503) {
                return response;
            }
        }
        throw new AssertionError("still ready after " + MAX_TRIES + " questions");
    }

    @Test
    void shouldCountUnderOurNamesAndVllms() {
        try (GatewayFixture own = fixture()) {
            own.post(CHAT, "{" + HELLO + "}");
            String metrics = own.get("/metrics").body();

            for (String prefix : new String[] {"caravan_", "vllm:"}) {
                String tags = "{engine=\"0\",model_name=\"tiny-chat\"}";
                assertThat(metrics)
                        .contains(prefix + "prompt_tokens_total" + tags + " 9.0")
                        .contains(prefix + "generation_tokens_total" + tags)
                        .contains(prefix + "num_requests_waiting" + tags + " 1.0")
                        .contains(prefix + "kv_cache_usage_perc" + tags + " 0.25")
                        .contains(prefix + "num_preemptions_total" + tags + " 7.0")
                        .contains(prefix + "spec_decode_num_draft_tokens_total" + tags + " 40.0")
                        .contains(prefix + "spec_decode_num_accepted_tokens_total" + tags + " 30.0")
                        .contains(prefix + "time_to_first_token_seconds_bucket")
                        .contains(prefix + "inter_token_latency_seconds_count")
                        .contains(prefix + "e2e_request_latency_seconds_sum")
                        .contains(
                                prefix
                                        + "request_success_total{engine=\"0\",finished_reason=\"stop\",model_name=\"tiny-chat\"} 1.0");
            }
            assertThat(metrics)
                    .contains("caravan_speculative_accepted_tokens_total{engine=\"0\",model_name=\"tiny-chat\"} 30.0")
                    .contains("caravan_stage_busy_seconds{engine=\"0\",model_name=\"tiny-chat\",stage=\"0\"} 2.0")
                    .containsPattern("caravan_stage\\{engine=\"0\",kernels=\"[^\"]+\",layers=\"[0-9-]+\",")
                    .contains("caravan_stage_bubble_seconds{engine=\"0\",model_name=\"tiny-chat\",stage=\"0\"} 1.0")
                    .contains("caravan_recoveries_total{engine=\"0\",model_name=\"tiny-chat\"} 2.0")
                    .contains("caravan_epoch{engine=\"0\",model_name=\"tiny-chat\"} 3.0");
        }
    }

    @Test
    void shouldServeTheChatPageAndItsState() {
        assertThat(gateway.get("/").body()).contains("<html");
        assertThat(gateway.get("/chat.js").statusCode()).isEqualTo(200);
        assertThat(json(gateway.get("/status")).get("serving").asBoolean()).isTrue();
        assertThat(json(gateway.get("/version")).get("version").asText()).isNotEmpty();
    }

    @Test
    void shouldSayThatItsPortIsInUse() {
        int taken = gateway.server.httpAddress().getPort();

        assertThatThrownBy(() -> new GatewayFixture("http.port = " + taken).close())
                .isInstanceOf(GatewayStartException.class)
                .hasMessageContaining("127.0.0.1:" + taken)
                .hasMessageContaining("--port");
    }

    @Test
    void shouldSayThatItsKeyIsMissing() {
        assertThatThrownBy(() -> new GatewayFixture("http.tls.keystore = \"missing.p12\"").close())
                .isInstanceOf(GatewayStartException.class)
                .hasMessageContaining("missing.p12");
    }

    private void awaitSubmission() throws InterruptedException {
        assertThat(gateway.script.submitted.poll(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .isNotNull();
    }

    private Socket send(String body) throws IOException {
        return send(body, "");
    }

    private Socket send(String body, String headers) throws IOException {
        var socket = new Socket("127.0.0.1", gateway.server.httpAddress().getPort());
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head = "POST " + CHAT + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers
                + "Content-Length: " + bytes.length + "\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
        return socket;
    }
}
