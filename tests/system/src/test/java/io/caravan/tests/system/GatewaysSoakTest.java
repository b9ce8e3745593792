package io.caravan.tests.system;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Three gateways with their usual patience: each is killed and told to end in turn, five times, and some are paused for a minute. */
@Tag("long")
class GatewaysSoakTest {
    private static final int ROUNDS = 5;
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration END = Duration.ofSeconds(60);
    private static final Duration WHOLE = Duration.ofSeconds(60);
    private static final long PAUSED_MS = 60_000;

    private static GatewayGroup group;
    private static Streams streams;

    @BeforeAll
    static void start() {
        group = GatewayGroup.start("gateways-soak", 3, 2);
        streams = Streams.undisturbed(group.gateways.getFirst().api(), 4, 150, group::details);
    }

    @AfterAll
    static void stop() {
        group.close();
    }

    @Test
    void shouldServeOnWhicheverGatewayIsKilledOrToldToEnd() {
        for (int round = 0; round < ROUNDS; round++) {
            for (var lost : group.gateways) {
                lose(
                        lost,
                        "round " + round + ", " + lost.name + " was killed",
                        () -> lost.process().kill());
                lose(
                        lost,
                        "round " + round + ", " + lost.name + " was told to end",
                        () -> lost.process().terminate());
            }
        }
    }

    private static void lose(GatewayGroup.Seat lost, String what, Runnable loss) {
        group.awaitWhole(WHOLE);
        var running = group.gateways.stream()
                .filter(gateway -> gateway != lost)
                .map(other -> streams.start(other.api()))
                .toList();
        loss.run();
        running.forEach(each -> streams.expectAnswers(what, each, LONGEST_PAUSE));
        lost.process().awaitExit(END);
        lost.start();
    }

    @Test
    void shouldTakeBackWhoeverWasPausedForAMinute() {
        group.awaitWhole(WHOLE);
        for (var paused : List.of(group.gateways.get(0), group.gateways.get(2), group.workers.get(0))) {
            paused.process().pause();
            Await.pause(PAUSED_MS);
            paused.process().resume();
            Await.until(
                    WHOLE,
                    () -> paused.process().output().contains("is no member of its cluster any more")
                            ? ""
                            : paused.name + " does not know that it was declared dead",
                    group::details);
            group.awaitWhole(WHOLE);
            streams.expectAnswers(
                    paused.name + " is back",
                    streams.start(group.gateways.get(0).api()),
                    LONGEST_PAUSE);
        }
    }
}
