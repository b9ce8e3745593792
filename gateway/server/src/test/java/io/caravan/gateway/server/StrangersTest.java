package io.caravan.gateway.server;

import static io.caravan.gateway.server.GatewayFixture.HELLO;
import static io.caravan.gateway.server.GatewayFixture.MODEL;
import static io.caravan.gateway.server.GatewayFixture.TEXT;
import static io.caravan.gateway.server.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.proto.actor.SequenceEvent.Refusal;
import io.caravan.proto.v1.CaravanGrpc;
import io.caravan.proto.v1.GenerateRequest;
import io.caravan.proto.v1.GetStatusRequest;
import io.caravan.proto.v1.TokenizeRequest;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told to those who have no key, and what to those who have one but do not run the cluster. */
class StrangersTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final long PATIENCE_SECONDS = 20;
    private static final int LONG = 100_000;
    private static final String INSIDE =
            "stage 1 on pekko://caravan@10.1.2.3:25520/user/seat failed: java.nio.file.NoSuchFileException:"
                    + " /srv/models/llama/model-00001.safetensors";

    private static GatewayFixture gateway;
    private static ManagedChannel channel;

    @BeforeAll
    static void start() {
        gateway = new GatewayFixture("api-keys = [sesame], status { max-age = 0s, timeout = 300ms }");
        channel = NettyChannelBuilder.forAddress(gateway.server.grpcAddress().orElseThrow())
                .usePlaintext()
                .build();
    }

    @AfterAll
    static void stop() {
        channel.shutdownNow();
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.script.reset();
    }

    @ParameterizedTest
    @CsvSource({
        "POST,/tokenize,{\"prompt\": \"Hello!\"}",
        "POST,/detokenize,{\"tokens\": [1]}",
        "GET,/status,",
        "GET,/metrics,",
        "HEAD,/metrics,",
        "GET,/v1/models,",
        "GET,/v1/models/tiny-chat,",
        "GET,/nothing,",
    })
    void shouldWantAKey(String method, String path, String body) {
        var request = HttpRequest.newBuilder(gateway.uri(path))
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body.replace(';', ',')));
        assertThat(gateway.send(request).statusCode()).isEqualTo(401);
        assertThat(gateway.send(request.header("Authorization", "Bearer sesame"))
                        .statusCode())
                .isNotEqualTo(401);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health", "/health/ready", "/version", "/", "/chat.js", "/key.js", "/chat.css"})
    void shouldAnswerEverybody(String path) {
        assertThat(gateway.get(path).statusCode()).isEqualTo(200);
    }

    @Test
    void shouldShowMetricsToEverybodyWhereASwitchSaysSo() {
        try (var own = new GatewayFixture("api-keys = [sesame], metrics.open = true")) {
            assertThat(own.get("/metrics").statusCode()).isEqualTo(200);
            assertThat(own.get("/status").statusCode()).isEqualTo(401);
        }
    }

    @Test
    void shouldTakeNothingNewOnAnyRouteWhileItDrains() {
        try (var own = new GatewayFixture("drain-timeout = 1s")) {
            own.server.drain();
            assertThat(own.post("/tokenize", "{\"prompt\": \"Hello!\"}").statusCode())
                    .isEqualTo(503);
            assertThat(own.get("/status").statusCode()).isEqualTo(503);
            assertThat(own.get("/health").statusCode()).isEqualTo(200);
            assertThat(own.get("/version").statusCode()).isEqualTo(200);
            ManagedChannel other = NettyChannelBuilder.forAddress(
                            own.server.grpcAddress().orElseThrow())
                    .usePlaintext()
                    .build();
            try {
                assertThat(refusal(() -> stub(other, "").tokenize(TokenizeRequest.getDefaultInstance()))
                                .getCode())
                        .isEqualTo(Status.Code.UNAVAILABLE);
            } finally {
                other.shutdownNow();
            }
        }
    }

    @Test
    void shouldTellAProberWithoutAKeyReadyOrNotAndNoMore() {
        gateway.script.serving = false;
        gateway.script.reason = INSIDE;
        String stranger = gateway.get("/health/ready").body();
        HttpResponse<String> known = authorized("/health/ready");

        assertThat(stranger).contains("not ready").doesNotContain("stage", "10.1.2.3", "safetensors");
        assertThat(known.statusCode()).isEqualTo(503);
        assertThat(known.body()).contains("stage 1").doesNotContain("pekko://", "Exception", "/srv");
    }

    @Test
    void shouldTellNoAddressPathOrClassInStatusAndErrors() {
        gateway.script.serving = false;
        gateway.script.reason = INSIDE;
        String status = authorized("/status").body();
        assertThat(status)
                .contains("no such file", "model-00001.safetensors")
                .doesNotContain("pekko://", "Exception", "/srv");

        gateway.script.refusal = List.of(Refusal.UNAVAILABLE);
        for (String stream : List.of("true", "false")) {
            HttpResponse<String> refused = post(CHAT, "{" + HELLO + ", \"stream\": " + stream + "}");
            String id = refused.headers().firstValue("x-request-id").orElseThrow();
            assertThat(json(refused).at("/error/message").asText())
                    .contains("stage 1", id)
                    .doesNotContain("pekko://", "10.1.2.3", "Exception", "/srv");
        }
        Status grpc = refusal(() -> stub(channel, "sesame")
                .generate(GenerateRequest.newBuilder().setPrompt("Hello!").build())
                .forEachRemaining(each -> {}));
        assertThat(grpc.getDescription())
                .contains("stage 1")
                .doesNotContain("pekko://", "10.1.2.3", "Exception", "/srv");
        assertThat(stub(channel, "sesame")
                        .getStatus(GetStatusRequest.getDefaultInstance())
                        .getMessage())
                .doesNotContain("pekko://", "Exception", "/srv");
    }

    @Test
    void shouldTellOfItsOwnFaultsNothingButTheRequestsId() {
        ServedModel faulty = new ServedModel(
                MODEL.name(),
                MODEL.spec(),
                MODEL.tokenizer(),
                (messages, add) -> {
                    throw new IllegalStateException("secret of /srv/models");
                },
                MODEL.defaults(),
                MODEL.endTokens());
        try (var own = new GatewayFixture("", faulty)) {
            HttpResponse<String> answer = own.post(CHAT, "{" + HELLO + "}");

            assertThat(answer.statusCode()).isEqualTo(500);
            assertThat(answer.body())
                    .contains(answer.headers().firstValue("x-request-id").orElseThrow())
                    .doesNotContain("IllegalState", "secret", "/srv");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "\"model\": \"%s\"",
                "\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"%s\"}]}]",
                "\"logit_bias\": {\"%s\": 1}",
                "\"logit_bias\": {\"%s\": 1000}",
                "\"logit_bias\": {\"%s\": \"x\"}",
                "\"response_format\": {\"type\": \"%s\"}",
            })
    void shouldCutWhatItRepeats(String field) {
        String value = "a".repeat(LONG);
        HttpResponse<String> response = post(CHAT, "{" + HELLO + ", " + field.replace("%s", value) + "}");

        JsonNode error = json(response).get("error");
        assertThat(response.statusCode()).isBetween(400, 404);
        assertThat(error.get("message").asText()).doesNotContain("a".repeat(201));
        assertThat(error.get("param").asText()).doesNotContain("a".repeat(201));
        assertThat(response.body().length()).isLessThan(1500);
    }

    @Test
    void shouldCutWhatItRepeatsOfPathsMethodsTokensAndCalls() {
        String value = "a".repeat(1000);
        for (String answer : List.of(
                authorized("/" + value).body(),
                gateway.send(HttpRequest.newBuilder(gateway.uri("/v1/models"))
                                .header("Authorization", "Bearer sesame")
                                .method(value.substring(0, 16), HttpRequest.BodyPublishers.noBody()))
                        .body(),
                post(CHAT, "{\"messages\": " + value + "}").body(),
                post("/v1/completions", "{\"prompt\": [1" + "0".repeat(900) + "]}")
                        .body())) {
            assertThat(answer).doesNotContain("a".repeat(201)).doesNotContain("0".repeat(201));
        }
        Status grpc = refusal(() -> stub(channel, "sesame")
                .generate(GenerateRequest.newBuilder().setModel(value).build())
                .forEachRemaining(each -> {}));
        assertThat(grpc.getDescription()).contains("aaa").doesNotContain("a".repeat(201));
    }

    @Test
    void shouldWantAKeyForReflectionAndTellTheRequestsId() throws Exception {
        var heard = new CompletableFuture<Throwable>();
        ServerReflectionGrpc.newStub(channel)
                .serverReflectionInfo(new StreamObserver<ServerReflectionResponse>() {
                    @Override
                    public void onNext(ServerReflectionResponse answer) {
                        heard.complete(new AssertionError("answered: " + answer));
                    }

                    @Override
                    public void onError(Throwable failure) {
                        heard.complete(failure);
                    }

                    @Override
                    public void onCompleted() {}
                })
                .onNext(ServerReflectionRequest.newBuilder().setListServices("").build());

        Throwable failure = heard.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(Status.fromThrowable(failure).getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(Status.trailersFromThrowable(failure)
                        .get(Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER)))
                .isNotEmpty();
    }

    @Test
    void shouldServeAsBeforeWithAKey() {
        assertThat(json(post(CHAT, "{" + HELLO + "}"))
                        .at("/choices/0/message/content")
                        .asText())
                .isEqualTo(TEXT);
    }

    private static Status refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        return catchThrowableOfType(StatusRuntimeException.class, call).getStatus();
    }

    private static CaravanGrpc.CaravanBlockingStub stub(ManagedChannel channel, String key) {
        var headers = new Metadata();
        headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
        return CaravanGrpc.newBlockingStub(channel)
                .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private static HttpResponse<String> authorized(String path) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(path)).header("Authorization", "Bearer sesame"));
    }

    private static HttpResponse<String> post(String path, String body) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(path))
                .header("Authorization", "Bearer sesame")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }
}
