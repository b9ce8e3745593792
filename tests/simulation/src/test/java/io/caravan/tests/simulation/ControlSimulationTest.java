package io.caravan.tests.simulation;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ControlSimulationTest {
    private static final int SEED_COUNT = 2000;

    /** {@code -Dcaravan.seed=N} runs one seed alone. */
    @Test
    void shouldServeAgainAfterWhateverWasLost() {
        Seeds.forEach(LongStream.range(0, SEED_COUNT), seed -> new ControlSimulation(seed).run());
    }
}
