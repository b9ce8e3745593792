package io.caravan.tests.simulation;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class EngineSimulationTest {
    private static final int SEED_COUNT = 3000;

    /** {@code -Dcaravan.seed=N} runs one seed alone. */
    @Test
    void shouldKeepItsInvariantsOverThousandsOfSchedules() {
        Seeds.forEach(LongStream.range(0, SEED_COUNT), seed -> new EngineSimulation(seed).run());
    }
}
