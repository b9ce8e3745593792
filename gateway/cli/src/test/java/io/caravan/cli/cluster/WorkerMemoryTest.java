package io.caravan.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WorkerMemoryTest {
    private static final long GIB = 1L << 30;

    @Test
    void shouldGiveASmallModelsWorkersWhatTheyCanUseAndNoMore() {
        assertThat(WorkerMemory.bytes(GIB / 16, 2, 24 * GIB)).isEqualTo(GIB / 8);
    }

    @Test
    void shouldShareMostOfTheMachineAmongALargeModelsWorkers() {
        assertThat(WorkerMemory.bytes(30 * GIB, 4, 20 * GIB)).isEqualTo(4 * GIB);
    }
}
