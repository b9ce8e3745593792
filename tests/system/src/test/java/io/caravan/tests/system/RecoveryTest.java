package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Workers of a local cluster die under load: whoever it is, clients see a pause and nothing else. */
class RecoveryTest {
    private static final int WORKERS = 3;
    private static TestCluster cluster;
    private static Load load;

    @BeforeAll
    static void start() {
        cluster = TestCluster.up("recovery", WORKERS, "caravan.pipeline.stages = 2");
        cluster.awaitServing(WORKERS);
        load = Load.undisturbed(cluster, 7, 100);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @BeforeEach
    void awaitSpare() {
        cluster.awaitServing(WORKERS);
    }

    @Test
    void shouldGoOnWithTheSameTokensWhenTheFirstStageDies() {
        killUnderLoad("the first stage", 0);
    }

    @Test
    void shouldGoOnWithTheSameTokensWhenTheLastStageDies() {
        killUnderLoad("the last stage", 1);
    }

    private static void killUnderLoad(String which, int stage) {
        JsonNode before = cluster.gateway().status();
        var streams = load.start();
        cluster.kill(cluster.gateway().pidOfStage(stage));
        load.expectSameAnswers(which + " died, its supervisor told", streams);
        JsonNode after = cluster.gateway().status();
        assertThat(after.path("recoveries").asInt())
                .isGreaterThan(before.path("recoveries").asInt());
        assertThat(after.path("epoch").asInt())
                .isGreaterThan(before.path("epoch").asInt());
        assertThat(cluster.gateway().metrics())
                .filteredOn(line -> line.startsWith("caravan_last_pause_seconds"))
                .singleElement()
                .satisfies(line -> assertThat(Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                        .isPositive());
    }

    @Test
    void shouldGoOnUndisturbedWhenTheSpareDies() {
        long epoch = cluster.gateway().status().path("epoch").asLong();
        var streams = load.start();
        cluster.kill(cluster.gateway().spares().getFirst());
        load.expectSameAnswers("the spare died", streams);
        assertThat(cluster.gateway().status().path("epoch").asLong()).isEqualTo(epoch);
    }

    @Test
    void shouldGoOnWhenTheReplacementDiesToo() {
        var streams = load.start();
        long first = cluster.gateway().pidOfStage(0);
        cluster.kill(first);
        cluster.await(TestCluster.START, "stage 0 on another worker", status -> {
            long pid = cluster.gateway().pidOfStage(0);
            return pid != 0 && pid != first;
        });
        cluster.kill(cluster.gateway().pidOfStage(0));
        load.expectSameAnswers("a worker and then its replacement died", streams);
    }

    @Test
    void shouldGoOnWhenEveryStageDiesAtOnce() {
        var streams = load.start();
        long first = cluster.gateway().pidOfStage(0);
        long last = cluster.gateway().pidOfStage(1);
        cluster.kill(first);
        cluster.kill(last);
        load.expectSameAnswers("both stages died at once", streams);
    }
}
