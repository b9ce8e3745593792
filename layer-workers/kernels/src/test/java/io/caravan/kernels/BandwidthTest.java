package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class BandwidthTest {

    @Test
    @Timeout(20)
    void shouldMeasureAPlausibleRate() {
        try (var device = HostDevice.open(KernelChoice.AUTO, 2)) {
            var startNs = System.nanoTime();
            assertThat(Bandwidth.measureBytesPerSecond(device)).isBetween(1_000_000L, 10_000_000_000_000L);
            assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isLessThan(Duration.ofSeconds(5));
        }
    }
}
