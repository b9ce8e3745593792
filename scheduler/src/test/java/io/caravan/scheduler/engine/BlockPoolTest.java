package io.caravan.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BlockPoolTest {
    private final BlockPool pool = new BlockPool(2);

    @Test
    void shouldFreeABlockWithItsLastOwner() {
        int block = pool.allocate();
        pool.retain(block);

        pool.release(block);
        assertThat(pool.usedCount()).isEqualTo(1);
        pool.release(block);

        assertThat(pool.freeCount()).isEqualTo(2);
    }

    @Test
    void shouldStopLoudlyWhenABlockIsGivenBackTwice() {
        int block = pool.allocate();
        pool.release(block);

        assertThatThrownBy(() -> pool.release(block)).hasMessageContaining("is free already");
    }

    @Test
    void shouldStopLoudlyWhenNoBlockIsFree() {
        pool.allocate();
        pool.allocate();

        assertThatThrownBy(pool::allocate).hasMessageContaining("no free block");
    }

    @Test
    void shouldNotShareAFreeBlock() {
        assertThatThrownBy(() -> pool.retain(1)).hasMessageContaining("cannot be shared");
    }
}
