package io.caravan.proto.link;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DozingIdleStrategyTest {
    /** What an idle call takes at least where it naps, and more than one takes where it does not. */
    private static final long NAP_FLOOR_NS = DozingIdleStrategy.NAP_NS / 2;

    private long nowNs = Long.MAX_VALUE - 5;
    private final DozingIdleStrategy idle = new DozingIdleStrategy(() -> nowNs, new ThreadBell());

    @Test
    void shouldNapOnlyAfterALongTimeWithoutWork() {
        idle.idle(0);
        nowNs += DozingIdleStrategy.AWAKE_NS - 1;
        assertThat(shortestOfMany()).isLessThan(NAP_FLOOR_NS);

        nowNs += 1;
        assertThat(shortestOfMany()).isGreaterThanOrEqualTo(NAP_FLOOR_NS);
    }

    @Test
    void shouldBeAwakeAgainAfterWork() {
        idle.idle(0);
        nowNs += DozingIdleStrategy.AWAKE_NS;
        idle.idle(1);

        assertThat(shortestOfMany()).isLessThan(NAP_FLOOR_NS);
    }

    @Test
    void shouldSleepForAnEighthOfTheWaitAndAtMostMostOfAMillisecond() {
        assertThat(DozingIdleStrategy.parkNs(0)).isEqualTo(10_000);
        assertThat(DozingIdleStrategy.parkNs(1_000_000)).isEqualTo(125_000);
        assertThat(DozingIdleStrategy.parkNs(100_000_000)).isEqualTo(700_000);
    }

    /** Of several, because the machine may delay any one. */
    private long shortestOfMany() {
        long shortest = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            long began = System.nanoTime();
            idle.idle(0);
            shortest = Math.min(shortest, System.nanoTime() - began);
        }
        return shortest;
    }
}
