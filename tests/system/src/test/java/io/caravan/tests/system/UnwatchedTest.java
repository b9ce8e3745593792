package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Workers that join by the network, with media drivers of their own: nobody sees their processes end, nobody starts them again. */
@Tag("long")
class UnwatchedTest {
    private static final int WORKERS = 3;
    private static final Duration END = Duration.ofSeconds(60);
    private static TestCluster cluster;
    private static Load load;

    @BeforeAll
    static void start() {
        cluster = TestCluster.serve("unwatched", "caravan.pipeline { stages = 2, min-workers = 3 }");
        for (int i = 0; i < WORKERS; i++) {
            cluster.addWorker();
        }
        cluster.awaitServing(WORKERS);
        load = Load.undisturbed(cluster, 11, 100);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static void awaitSpare() {
        if (cluster.gateway().status().path("workers").size() < WORKERS) {
            cluster.addWorker();
        }
        cluster.awaitServing(WORKERS);
    }

    @Test
    void shouldGoOnWithTheSameTokensWhenAWorkerDiesUnseen() {
        awaitSpare();
        var streams = load.start();
        cluster.kill(cluster.gateway().pidOfStage(0));
        load.expectSameAnswers("the first stage died, nobody told", streams);
    }

    @Test
    void shouldGoOnWithTheSameTokensWhenAWorkerIsToldToEnd() {
        awaitSpare();
        long leaving = cluster.gateway().pidOfStage(1);
        var streams = load.start();
        var process = cluster.process(leaving);
        process.terminate();
        load.expectSameAnswers("the last stage's worker was told to end", streams);
        process.awaitExit(END);
        assertThat(cluster.gateway().pidOfStage(1)).isNotEqualTo(leaving);
    }
}
