package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ManyStreamsTest {
    private static final long SEED = Long.getLong("caravan.seed", 20_260_101);
    private static final Duration LONGEST = Duration.ofSeconds(240);
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = TestCluster.up("many-streams", 2);
        cluster.awaitServing(2);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void shouldAnswerSixtyFourStreamsAsIfEachWereAloneWhileSomeHangUp() {
        var distinct = ChatRequest.random(SEED, 16, 40, false);
        var answers = cluster.gateway().alone(distinct);
        var requests =
                Collections.nCopies(4, distinct).stream().flatMap(List::stream).toList();
        var alone =
                Collections.nCopies(4, answers).stream().flatMap(List::stream).toList();
        var random = new SplittableRandom(SEED);
        var streams = new ArrayList<ChatStream>();
        var cutAt = new ArrayList<Integer>();
        for (var request : requests) {
            int cut = random.nextInt(3) == 0 ? random.nextInt(12) : Integer.MAX_VALUE;
            cutAt.add(cut);
            streams.add(
                    ChatStream.start(cluster.gateway().http(), cluster.gateway().uri(), request, cut));
        }
        for (int i = 0; i < streams.size(); i++) {
            var answer = streams.get(i).await(LONGEST);
            assertThat(answer.error()).as("stream %d", i).isEmpty();
            if (answer.finish().isEmpty()) {
                assertThat(answer.tokens())
                        .as("stream %d, cut", i)
                        .isEqualTo(alone.get(i).tokens().subList(0, cutAt.get(i)));
            } else {
                assertThat(answer).as("stream %d, seed %d", i, SEED).isEqualTo(alone.get(i));
            }
        }
        assertThat(alone).allSatisfy(answer -> assertThat(answer.finish()).isNotEmpty());
        cluster.await(Duration.ofSeconds(20), "nothing runs and no block is used", ManyStreamsTest::idle);
    }

    private static boolean idle(JsonNode status) {
        return status.path("running").asInt(-1) == 0
                && status.path("waiting").asInt(-1) == 0
                && status.path("kvBlocksUsed").asInt(-1) == 0;
    }
}
