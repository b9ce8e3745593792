package io.caravan.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DraftPaceTest {
    private final DraftPace pace = new DraftPace();

    @Test
    void shouldDoubleWhileDraftsAreRight() {
        pace.observe(4, 4);
        assertThat(pace.length()).isEqualTo(8);
        pace.observe(8, 8);
        assertThat(pace.length()).isEqualTo(16);
    }

    @Test
    void shouldGoOnFromWhatWasRight() {
        pace.observe(4, 2);

        assertThat(pace.length()).isEqualTo(3);
    }

    @Test
    void shouldNotGrowFromADraftThatWasCutShort() {
        pace.observe(1, 1);

        assertThat(pace.length()).isEqualTo(4);
    }

    @Test
    void shouldPauseTwiceAsLongEachTimeWhileNothingIsRight() {
        pace.observe(4, 0);
        pace.observe(2, 0);
        assertThat(pace.length()).isEqualTo(1);
        for (int pause = 1; pause <= 64; pause *= 2) {
            pace.observe(1, 0);
            assertThat(pauseLength()).isEqualTo(Math.min(32, pause));
        }
        pace.observe(1, 1);
        pace.observe(2, 0);
        pace.observe(1, 0);
        assertThat(pauseLength()).isEqualTo(1);
    }

    private int pauseLength() {
        int steps = 0;
        for (; pace.length() == 0; steps++) {
            pace.observe(0, 0);
        }
        return steps;
    }
}
