package io.caravan.worker.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import org.agrona.concurrent.NoOpIdleStrategy;
import org.junit.jupiter.api.Test;

class DriverIdleStrategyTest {
    private long nowNs = Long.MAX_VALUE - 5;
    private long bytes;
    private final DriverIdleStrategy idle = new DriverIdleStrategy(NoOpIdleStrategy.INSTANCE, () -> nowNs);

    @Test
    void shouldNapOnlyWhileTheNetworkIsSilent() {
        idle.watch(() -> bytes);
        assertThat(idle.silent()).isFalse();
        nowNs += DriverIdleStrategy.SILENCE_NS;
        assertThat(idle.silent()).isTrue();

        bytes += 40;
        assertThat(idle.silent()).isFalse();
        nowNs += DriverIdleStrategy.SILENCE_NS - 1;
        assertThat(idle.silent()).isFalse();
        nowNs++;
        assertThat(idle.silent()).isTrue();

        long began = System.nanoTime();
        idle.idle(0);
        assertThat(System.nanoTime() - began).isGreaterThan(DriverIdleStrategy.NAP_NS / 2);
    }
}
