package io.caravan.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.caravan.proto.model.RopeScaling;
import org.junit.jupiter.api.Test;

class RopeFrequenciesTest {
    private static final double THETA = 500_000;

    @Test
    void shouldFallFromOneRadianByPowersOfTheta() {
        double[] frequencies = RopeFrequencies.of(8, 10_000, new RopeScaling.None(), 1);

        assertThat(frequencies).containsExactly(new double[] {1, 0.1, 0.01, 0.001}, within(1e-15));
    }

    @Test
    void shouldDivideEveryFrequencyWhenLinear() {
        double[] frequencies = RopeFrequencies.of(4, 10_000, new RopeScaling.Linear(4), 1);

        assertThat(frequencies).containsExactly(new double[] {0.25, 0.0025}, within(1e-15));
    }

    @Test
    void shouldKeepShortWavesSlowLongOnesAndBlendBetweenWhenLlama3() {
        var scaling = new RopeScaling.Llama3(8, 1, 4, 8192);
        double[] plain = RopeFrequencies.of(128, THETA, new RopeScaling.None(), 1);
        double[] scaled = RopeFrequencies.of(128, THETA, scaling, 1);

        assertThat(scaled[0]).isEqualTo(plain[0]);
        assertThat(scaled[63]).isEqualTo(plain[63] / 8);
        for (int pair = 0; pair < 64; pair++) {
            double wavelength = 2 * Math.PI / plain[pair];
            if (wavelength < 8192 / 4.0) {
                assertThat(scaled[pair]).isEqualTo(plain[pair]);
            } else if (wavelength > 8192) {
                assertThat(scaled[pair]).isEqualTo(plain[pair] / 8);
            } else {
                double kept = (8192 / wavelength - 1) / 3;
                assertThat(scaled[pair])
                        .isCloseTo((1 - kept) * plain[pair] / 8 + kept * plain[pair], within(1e-15))
                        .isBetween(plain[pair] / 8, plain[pair]);
            }
        }
    }
}
