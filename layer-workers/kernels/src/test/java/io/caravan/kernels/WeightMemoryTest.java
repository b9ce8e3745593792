package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightMemoryTest {
    private final List<Long> taken = new ArrayList<>();
    private final WeightMemory memory = new WeightMemory(this::slab, 4096);

    private MemorySegment slab(long bytes) {
        taken.add(bytes);
        return Arena.ofAuto().allocate(bytes, WeightMemory.ALIGNMENT_BYTES);
    }

    @Test
    void shouldPutMatricesBehindEachOther() {
        var first = memory.take(1000);
        var second = memory.take(3000);
        assertThat(taken).containsExactly(4096L);
        assertThat(second.address() - first.address()).isEqualTo(1024);
        assertThat(second.byteSize()).isEqualTo(3000);
    }

    @Test
    void shouldTakeAnotherSlabWhereOneIsFull() {
        memory.take(1000);
        memory.take(3100);
        memory.take(10_000);
        memory.take(1);
        assertThat(taken).containsExactly(4096L, 4096L, 10_000L, 4096L);
    }

    @Test
    void shouldHandOutAgainWhatWasGivenBack() {
        memory.take(1000);
        var damaged = memory.take(2000);
        damaged.fill((byte) 7);
        memory.giveBack(damaged);
        var again = memory.take(2000);
        assertThat(again.address()).isEqualTo(damaged.address());
        assertThat(again.toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
    }

    @Test
    void shouldTakeMemoryForEachMatrixWhereThereAreNoSlabs() {
        var apart = new WeightMemory(this::slab, 0);
        apart.take(100);
        apart.take(200);
        assertThat(taken).containsExactly(100L, 200L);
    }
}
