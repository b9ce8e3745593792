package io.caravan.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CounterRandomTest {
    private static final int DRAW_COUNT = 100_000;
    private static final int BIN_COUNT = 100;

    /** Chi-square of 99 degrees of freedom exceeds this once in a million. */
    private static final double CHI_SQUARE_LIMIT = 174;

    @Test
    void shouldDrawTheSameForTheSameSeedAndPosition() {
        assertThat(CounterRandom.uniform(42, 7)).isEqualTo(CounterRandom.uniform(42, 7));
        assertThat(CounterRandom.uniform(42, 7)).isNotEqualTo(CounterRandom.uniform(42, 8));
        assertThat(CounterRandom.uniform(42, 7)).isNotEqualTo(CounterRandom.uniform(43, 7));
    }

    @Test
    void shouldKeepItsNumbersOverReleases() {
        assertThat(CounterRandom.uniform(0, 0)).isEqualTo(0.6524484863740322);
        assertThat(CounterRandom.uniform(-1, Integer.MAX_VALUE)).isEqualTo(0.4984167065294687);
    }

    @Test
    void shouldBeUniformAlongPositions() {
        assertThat(chiSquare(i -> CounterRandom.uniform(12345, i))).isLessThan(CHI_SQUARE_LIMIT);
    }

    @Test
    void shouldBeUniformAlongSeeds() {
        assertThat(chiSquare(i -> CounterRandom.uniform(i, 100))).isLessThan(CHI_SQUARE_LIMIT);
    }

    @Test
    void shouldNotRepeatNeighbouringSeedsOneStepLater() {
        double correlation = 0;
        for (int i = 0; i < DRAW_COUNT; i++) {
            correlation += (CounterRandom.uniform(i, 5) - 0.5) * (CounterRandom.uniform(i + 1, 4) - 0.5);
        }
        assertThat(Math.abs(correlation / DRAW_COUNT) * 12).isLessThan(0.02);
    }

    private interface Draw {
        double at(int index);
    }

    private static double chiSquare(Draw draw) {
        int[] counts = new int[BIN_COUNT];
        for (int i = 0; i < DRAW_COUNT; i++) {
            counts[(int) (draw.at(i) * BIN_COUNT)]++;
        }
        double expected = (double) DRAW_COUNT / BIN_COUNT;
        double sum = 0;
        for (int count : counts) {
            sum += (count - expected) * (count - expected) / expected;
        }
        return sum;
    }
}
