package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two workers that have room for a stage each: when one dies there is none for its stage, until another joins. */
@Tag("long")
class NoRoomTest {
    private static final String ONE_STAGE = "--memory=4 MiB";
    private static final ChatRequest REQUEST = new ChatRequest("What is 7 plus 5?", 0, 1, 12, false);
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = TestCluster.serve(
                "no-room", "caravan.pipeline { stages = 2, min-workers = 2 }", "caravan.gateway.deadline = 20 s");
        cluster.addWorker(ONE_STAGE);
        cluster.addWorker(ONE_STAGE);
        cluster.awaitServing(2);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void shouldRefuseAfterTheDeadlineAndServeAgainWhenAWorkerJoins() {
        var before = cluster.gateway().chat(REQUEST);
        assertThat(before.status()).as("%s", before.body()).isEqualTo(200);
        cluster.kill(cluster.gateway().pidOfStage(1));

        var refused = cluster.gateway().chat(REQUEST);

        assertThat(refused.status()).as("%s", refused.body()).isEqualTo(503);
        assertThat(refused.errorMessage()).contains("stage 1 of 2 (layers").contains("has no worker with room");
        assertThat(refused.body().path("error").path("type").asText()).isEqualTo("service_unavailable_error");
        cluster.addWorker(ONE_STAGE);
        cluster.await(
                Duration.ofSeconds(120),
                "serving again",
                status -> status.path("serving").asBoolean());
        assertThat(cluster.gateway().chat(REQUEST).body().path("choices"))
                .isEqualTo(before.body().path("choices"));
    }

    @Test
    void shouldRefuseWhatCannotBeServed() {
        var malformed = cluster.gateway().post("/v1/chat/completions", "{\"messages\": [");
        assertThat(malformed.status()).isEqualTo(400);
        assertThat(malformed.errorMessage()).isNotEmpty();

        String prompt = IntStream.range(0, 600).mapToObj(i -> "5").collect(Collectors.joining(",", "[", "]"));
        var tooLong = cluster.gateway().post("/v1/completions", "{\"prompt\": " + prompt + "}");
        assertThat(tooLong.status()).isEqualTo(400);
        assertThat(tooLong.errorMessage()).contains("600 tokens");
    }
}
