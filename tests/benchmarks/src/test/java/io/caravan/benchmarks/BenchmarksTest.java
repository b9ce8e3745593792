package io.caravan.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.kernels.KernelChoice;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.TensorType;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Every benchmark runs, once and at a tiny size. */
class BenchmarksTest {

    @Test
    @Timeout(120)
    void shouldRunEveryBenchmarkOnce(@TempDir Path folder) throws RunnerException {
        var options = new OptionsBuilder()
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(1))
                .mode(Mode.SingleShotTime)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .output(folder.resolve("jmh.log").toString())
                .param("rows", "2")
                .param("n", "40")
                .param("k", "33")
                .param("matrices", "2")
                .param("context", "20")
                .param("intermediate", "24")
                .param("threads", "2")
                .param("vocab", "300")
                .param("spread", "1")
                .param("wish", "ALL")
                .build();
        var results = new Runner(options).run();
        assertThat(results)
                .extracting(result -> result.getPrimaryResult().getLabel())
                .containsExactlyInAnyOrder("matmul", "attention", "rmsNorm", "rope", "swiGlu", "choose");
    }

    @Test
    @Timeout(120)
    void shouldMeasureTheReadingOfWeights() throws InterruptedException {
        var printed = new ByteArrayOutputStream();
        new WeightReading(
                        new WeightReading.Plan(KernelChoice.AUTO, 2, 64, 256, 1, 1),
                        new PrintStream(printed, true, StandardCharsets.UTF_8))
                .measure(List.of(
                        new WeightReading.Format(TensorType.Q4_K, ActivationChoice.INT8),
                        new WeightReading.Format(TensorType.BF16, ActivationChoice.F32)));
        var lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).hasSize(1 + 2 * 2 * 2);
        assertThat(lines.get(1)).matches("Q4_K +INT8 +1 +1 +[0-9.]+ +[0-9.]+ +[0-9.]+");
    }
}
