package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.proto.v1.CaravanGrpc;
import io.caravan.proto.v1.GenerateRequest;
import io.caravan.proto.v1.Tokens;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shipped model with a damaged row, and a tokenizer that knows a token more than it: who asks for these is alone in that. */
class PoisonTest {
    private static final long SEED = 20_260_202;
    private static final Duration LONGEST = Duration.ofSeconds(120);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final Path SHIPPED =
            Path.of(System.getProperty("caravan.test.dist")).resolve("models/tiny-chat");

    /** "db", which none of the innocent says or hears. */
    private static final int DAMAGED_ROW = 912;

    private static final int HIDDEN_SIZE = 128;
    private static final int FIRST_TOO_MANY = 1024;

    @TempDir
    private static Path model;

    private static TestCluster cluster;

    @BeforeAll
    static void start() throws IOException {
        try (var files = Files.list(SHIPPED)) {
            for (Path file : files.toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        damage(model.resolve("model.safetensors"));
        addToken(model.resolve("tokenizer.json"));
        cluster = TestCluster.up("poison", 2, "caravan.model = \"" + model + "\"");
        cluster.awaitServing(2);
    }

    /** The table of embeddings is the file's first tensor, in BF16, behind the header. */
    private static void damage(Path weights) throws IOException {
        try (var file = new RandomAccessFile(weights.toFile(), "rw")) {
            long headerBytes = Long.reverseBytes(file.readLong());
            file.seek(Long.BYTES + headerBytes + (long) DAMAGED_ROW * HIDDEN_SIZE * Short.BYTES);
            file.writeShort(Short.reverseBytes((short) 0x7FC0));
        }
    }

    private static void addToken(Path tokenizer) throws IOException {
        String one =
                "{\"id\": " + FIRST_TOO_MANY + ", \"content\": \"<pad>\", \"single_word\": false, \"lstrip\": false,"
                        + " \"rstrip\": false, \"normalized\": false, \"special\": true},";
        String before = Files.readString(tokenizer);
        String after = before.replaceFirst("\"added_tokens\"\\s*:\\s*\\[", "$0" + one);
        assertThat(after).isNotEqualTo(before);
        Files.writeString(tokenizer, after);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void shouldEndWhatCannotBeComputedAndNothingElse() {
        var requests = ChatRequest.random(SEED, 16, 200, true);
        var load = new Load(cluster, requests, cluster.gateway().alone(requests));
        assertThat(load.expected())
                .allSatisfy(answer -> assertThat(answer.tokens()).hasSize(200));
        long epoch = cluster.gateway().status().path("epoch").asLong();

        var channel = NettyChannelBuilder.forTarget(cluster.grpcAddress())
                .usePlaintext()
                .build();
        var client = CaravanGrpc.newBlockingStub(channel);
        var streams = load.start();
        int rounds = 0;
        while (rounds < 3 || streams.stream().noneMatch(ChatStream::ended) && rounds < 20) {
            poison();
            poisonByGrpc(client);
            rounds++;
        }

        channel.shutdownNow();
        load.expectSameAnswers(rounds + " rounds of poison", streams);
        assertThat(Duration.ofNanos(Load.longestPauseNs(streams))).isLessThan(LONGEST_PAUSE);
        JsonNode status = cluster.gateway().status();
        assertThat(status.path("epoch").asLong()).as("no stage was lost").isEqualTo(epoch);
        assertThat(status.path("serving").asBoolean()).isTrue();
    }

    private static void poison() {
        for (String ids : List.of("[1, 912]", "[5, 6, 912, 7, 8, 9]")) {
            var failed = cluster.gateway().post("/v1/completions", "{\"prompt\": " + ids + "}");
            assertThat(failed.status()).as("%s", failed.body()).isEqualTo(500);
            assertThat(failed.errorMessage()).contains("cannot compute this request", "not numbers");
            assertThat(failed.body().path("error").path("type").asText()).isEqualTo("server_error");
            assertThat(failed.body().path("error").path("code").asText()).isEqualTo("computation_failed");
        }
        var unknownId = cluster.gateway().post("/v1/completions", "{\"prompt\": [5, " + FIRST_TOO_MANY + "]}");
        assertThat(unknownId.status()).isEqualTo(400);
        assertThat(unknownId.errorMessage()).contains("1024");
        var unknownText = cluster.gateway().post("/v1/completions", "{\"prompt\": \"Hello<pad>!\"}");
        assertThat(unknownText.status()).isEqualTo(400);
        assertThat(unknownText.errorMessage()).contains("<pad>", "1024 tokens");
    }

    private static void poisonByGrpc(CaravanGrpc.CaravanBlockingStub client) {
        var damaged = Tokens.newBuilder().addIds(5).addIds(DAMAGED_ROW).build();
        assertRefused(
                client,
                GenerateRequest.newBuilder().setPromptTokens(damaged),
                Status.Code.INTERNAL,
                "cannot compute this request");
        var unknown = Tokens.newBuilder().addIds(5).addIds(FIRST_TOO_MANY).build();
        assertRefused(
                client, GenerateRequest.newBuilder().setPromptTokens(unknown), Status.Code.INVALID_ARGUMENT, "1024");
        assertRefused(
                client, GenerateRequest.newBuilder().setPrompt("Hello<pad>!"), Status.Code.INVALID_ARGUMENT, "<pad>");
    }

    private static void assertRefused(
            CaravanGrpc.CaravanBlockingStub client, GenerateRequest.Builder request, Status.Code code, String why) {
        assertThatThrownBy(() -> client.withDeadlineAfter(LONGEST)
                        .generate(request.build())
                        .forEachRemaining(each -> {}))
                .isInstanceOfSatisfying(StatusRuntimeException.class, refused -> {
                    assertThat(refused.getStatus().getCode()).isEqualTo(code);
                    assertThat(refused.getStatus().getDescription()).contains(why);
                });
    }

    @Test
    void shouldEndThePortingVerbsWithAnError() {
        var verbs = new ArrayList<CaravanProcess>();
        for (String verb : List.of("logits", "generate")) {
            verbs.add(cluster.run(verb, List.of(verb, model.toString(), "--ids=1," + DAMAGED_ROW)));
        }
        for (var verb : verbs) {
            assertThat(verb.awaitExit(LONGEST)).as(verb.name()).isNotZero();
            assertThat(verb.output()).contains("not numbers").doesNotContain("Exception");
        }
    }
}
