package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two gateways and two workers, started by hand: whoever is lost, the rest serves, and whoever comes back is taken in. */
class GatewaysTest {
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration END = Duration.ofSeconds(30);
    /** "Within 10 s of the last hindrance", and what it takes to start a JVM on cores that others use. */
    private static final Duration WHOLE = Duration.ofSeconds(40);

    private static GatewayGroup group;
    private static Streams streams;

    @BeforeAll
    static void start() {
        group = GatewayGroup.start("gateways", 2, 2, "pekko.cluster.failure-detector.acceptable-heartbeat-pause = 3 s");
        streams = Streams.undisturbed(group.gateways.getFirst().api(), 6, 150, group::details);
    }

    @AfterAll
    static void stop() {
        group.close();
    }

    @BeforeEach
    void awaitWhole() {
        group.awaitWhole(WHOLE);
    }

    @Test
    void shouldServeOnWhenTheSchedulersGatewayIsKilledAndTakeItBackIn() {
        var lost = group.gateways.get(0);
        var running = streams.start(group.gateways.get(1).api());

        lost.process().kill();
        streams.expectAnswers("the first gateway was killed", running, LONGEST_PAUSE);

        lost.start();
        group.awaitWhole(WHOLE);
        var other = group.gateways.get(1);
        var onTheFirst = streams.start(lost.api());
        other.process().kill();
        streams.expectAnswers("the other gateway was killed", onTheFirst, LONGEST_PAUSE);

        other.start();
        group.awaitWhole(WHOLE);
    }

    @Test
    void shouldServeOnWhenAGatewayIsToldToEnd() {
        var leaving = group.gateways.get(0);
        var running = streams.start(group.gateways.get(1).api());

        leaving.process().terminate();
        streams.expectAnswers("the first gateway was told to end", running, LONGEST_PAUSE);
        leaving.process().awaitExit(END);

        leaving.start();
    }

    @Test
    void shouldTakeBackAWorkerThatWasPausedUntilItWasDeclaredDead() {
        var paused = group.workers.getFirst();

        paused.process().pause();
        Await.until(
                END,
                () -> group.gateways.getFirst().api().status().path("workers").size() == 1 ? "" : "it is not missed",
                group::details);
        paused.process().resume();
        group.awaitWhole(WHOLE);

        assertThat(paused.process().output())
                .contains("is no member of its cluster any more")
                .contains("joins again");
        var running = streams.start(group.gateways.get(1).api());
        streams.expectAnswers("a worker that was paused is back", running, LONGEST_PAUSE);
    }

    @Test
    void shouldTakeBackAGatewayThatWasPausedUntilItWasDeclaredDead() {
        var paused = group.gateways.get(0);
        var running = streams.start(group.gateways.get(1).api());

        paused.process().pause();
        streams.expectAnswers("the first gateway was paused", running, LONGEST_PAUSE);
        paused.process().resume();

        Await.until(
                END,
                () -> paused.process().output().contains("is no member of its cluster any more")
                        ? ""
                        : "it does not know that it was declared dead",
                group::details);
        group.awaitWhole(WHOLE);
    }

    @Test
    void shouldComeTogetherWhenEveryGatewayWasKilled() {
        group.gateways.forEach(gateway -> gateway.process().kill());
        group.gateways.forEach(GatewayGroup.Seat::start);

        group.awaitWhole(WHOLE);
        var running = streams.start(group.gateways.get(0).api());
        streams.expectAnswers("all gateways were started anew", running, LONGEST_PAUSE);
    }

    @Test
    void shouldRefuseAGatewayThatWouldChangeTheAnswers() {
        try (var intruder = group.intruder("--quantize=q8_0", "--kv-type=f32")) {
            assertThat(intruder.awaitExit(WHOLE)).isEqualTo(1);
            assertThat(intruder.output())
                    .contains("caravan.pipeline.quantize (--quantize) is q8_0 here and none there")
                    .contains("caravan.pipeline.kv.type (--kv-type) is f32 here and f16 there")
                    .doesNotContain("Serving ");
        }
        group.awaitWhole(WHOLE);
    }
}
