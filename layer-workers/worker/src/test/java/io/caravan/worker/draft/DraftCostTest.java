package io.caravan.worker.draft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DraftCostTest {
    private final DraftCost cost = new DraftCost();

    private void measure(long tokenNs, long stepNs, int rightOfFour) {
        for (int i = 0; i < 100; i++) {
            cost.guessed(4, 4 * tokenNs);
            cost.stepped(stepNs);
            cost.verified(4, rightOfFour);
        }
    }

    @Test
    void shouldTryBeforeAnythingIsMeasured() {
        assertThat(cost.count(8)).isEqualTo(4);
        assertThat(cost.count(2)).isEqualTo(2);
    }

    @Test
    void shouldGuessAsFarAsAllowedWhereGuessesAreCheapAndRight() {
        measure(1_000, 100_000, 4);

        assertThat(cost.count(8)).isEqualTo(8);
    }

    @Test
    void shouldGuessLessFarWhereGuessesAreOftenWrong() {
        measure(10_000, 100_000, 2);

        assertThat(cost.count(8)).isBetween(1, 5);
    }

    @Test
    void shouldOnlyProbeWhereGuessingTakesLongerThanItSaves() {
        measure(100_000, 100_000, 2);
        int asked = 0;
        for (int i = 0; i < 320; i++) {
            asked += cost.count(8);
        }

        assertThat(asked).isEqualTo(10);
    }

    @Test
    void shouldComeBackWhenItPaysAgain() {
        measure(100_000, 100_000, 0);
        measure(1_000, 100_000, 4);

        assertThat(cost.count(8)).isEqualTo(8);
    }
}
