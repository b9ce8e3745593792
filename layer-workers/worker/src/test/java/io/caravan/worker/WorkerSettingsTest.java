package io.caravan.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.kernels.CpuList;
import io.caravan.kernels.KernelChoice;
import io.caravan.model.cache.WeightCache;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkerSettingsTest {
    private static final HostMemory HOST = new HostMemory(1_000, 500);

    @Test
    void shouldHaveTheseDefaults() {
        var settings = settings("");

        assertThat(settings.name()).endsWith("-" + ProcessHandle.current().pid());
        assertThat(settings)
                .isEqualTo(new WorkerSettings(
                        "development",
                        settings.name(),
                        Runtime.getRuntime().availableProcessors(),
                        CpuList.ANY,
                        400,
                        KernelChoice.AUTO,
                        0,
                        "",
                        WeightCache.none(),
                        "backoff",
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(10)));
    }

    @ParameterizedTest
    @CsvSource({"auto, 400", "25%, 250", "100 %, 1000", "2 KiB, 2048", "77, 77"})
    void shouldTakeMemoryAsASizeOrAShare(String memory, long bytes) {
        assertThat(settings("memory = \"" + memory + "\"").memoryBytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({
        "memory = much, memory must be",
        "memory = \"0%\", memory must be a share",
        "memory = \"x%\", memory must be a share",
        "kernels = cuda, 'kernels must be auto, native, vector or scalar, not cuda'",
        "cpus = \"0-\", 'caravan.worker.cpus: CPUs are listed as 0-3,8, not as 0-'",
        "cpus = \"4000\", ', not on 4000'",
        "threads = -1, threads must be",
        "memory-wait = 0 s, memory-wait must be"
    })
    void shouldRefuseWhatMakesNoSense(String setting, String message) {
        assertThatThrownBy(() -> settings(setting))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void shouldFindThatThisMachineHasMemory() {
        var memory = HostMemory.measure();

        assertThat(memory.totalBytes()).isPositive();
        assertThat(memory.availableBytes()).isPositive().isLessThanOrEqualTo(memory.totalBytes());
    }

    private static WorkerSettings settings(String worker) {
        Config config = ConfigFactory.parseString("caravan.worker { " + worker + " }")
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
        return WorkerSettings.from(config, HOST);
    }
}
