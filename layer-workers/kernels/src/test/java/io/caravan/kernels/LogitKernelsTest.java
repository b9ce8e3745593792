package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.caravan.kernels.scalar.ScalarLogits;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tokens follow from these, so every provider has the very bits of the definition. */
class LogitKernelsTest {
    private static final int[] COUNTS = {1, 4, 6, 8, 13, 31, 33, 63, 64, 65, 207, 702, 4098, 32_003};
    private static final LogitKernels DEFINITION = new ScalarLogits();

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR", "NATIVE"})
    void shouldWeighToTheSameBits(KernelChoice choice) {
        try (var device = HostDevice.open(choice, 1)) {
            for (var count : COUNTS) {
                for (var temperature : new float[] {1, 0.3f, 50, 1e-30f}) {
                    var logits = logits(count);
                    var weights = new float[count + 1];
                    var sums = new float[LogitKernels.blocks(count) + 1];
                    weights[count] = 7;
                    sums[sums.length - 1] = 7;
                    var expected = weights.clone();
                    var expectedSums = sums.clone();
                    DEFINITION.weigh(expected, expectedSums, logits, count, 20, temperature);
                    device.logits().weigh(weights, sums, logits, count, 20, temperature);
                    assertThat(bits(weights)).isEqualTo(bits(expected));
                    assertThat(bits(sums)).isEqualTo(bits(expectedSums));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR", "NATIVE"})
    void shouldFindTheHighestAndWhatIsNotANumber(KernelChoice choice) {
        try (var device = HostDevice.open(choice, 1)) {
            for (var count : COUNTS) {
                var logits = logits(count);
                assertThat(highest(device.logits(), logits)).containsExactly(highest(DEFINITION, logits));
                Arrays.fill(logits, Float.NEGATIVE_INFINITY);
                assertThat(highest(device.logits(), logits)).containsOnly(Float.NEGATIVE_INFINITY);
                for (var nan : new int[] {0, count / 2, count - 1}) {
                    logits[nan] = Float.NaN;
                    assertThat(highest(device.logits(), logits)[nan / LogitKernels.BLOCK])
                            .isNaN();
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR", "NATIVE"})
    void shouldWeighAsTheExponentialFunctionDoes(KernelChoice choice) {
        try (var device = HostDevice.open(choice, 1)) {
            var logits = new float[9000];
            for (var i = 0; i < logits.length; i++) {
                logits[i] = -i / 100f;
            }
            var weights = new float[logits.length];
            device.logits().weigh(weights, new float[LogitKernels.blocks(9000)], logits, logits.length, 0, 1);
            for (var i = 0; i < 8700; i++) {
                var exact = Math.exp(logits[i]);
                assertThat((double) weights[i]).isCloseTo(exact, within(1.5e-7 * exact));
            }
            assertThat(weights[0]).isEqualTo(1);
            assertThat(weights[8801]).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR", "NATIVE"})
    void shouldDealAndPickAsTheDefinitionDoes(KernelChoice choice) {
        try (var device = HostDevice.open(choice, 1)) {
            for (var count : COUNTS) {
                for (var temperature : new float[] {1, 20, 1e-30f}) {
                    for (var stepsPerLogit : new float[] {0.001f, 30, 3e38f}) {
                        var logits = logits(count);
                        var weights = new float[count];
                        var sums = new float[LogitKernels.blocks(count)];
                        DEFINITION.weigh(weights, sums, logits, count, 20, temperature);
                        compare(
                                device.logits(),
                                new LogitKernels.Dealing(weights, sums, logits, count, 1e-12f, 20, stepsPerLogit));
                    }
                }
            }
        }
    }

    private static void compare(LogitKernels kernels, LogitKernels.Dealing dealing) {
        var expected = new long[LogitKernels.STEPS];
        var expectedCounts = new int[LogitKernels.STEPS];
        DEFINITION.deal(expectedCounts, expected, dealing);
        var masses = new long[LogitKernels.STEPS];
        var counts = new int[LogitKernels.STEPS];
        Arrays.fill(masses, 7);
        Arrays.fill(counts, 7);
        kernels.deal(counts, masses, dealing);
        assertThat(masses).isEqualTo(expected);
        assertThat(counts).isEqualTo(expectedCounts);
        for (var step : new int[] {0, 30, 600, LogitKernels.STEPS - 1}) {
            var ids = new int[dealing.count()];
            var wanted = new int[dealing.count()];
            var picked = kernels.pick(ids, step, dealing);
            assertThat(picked).isEqualTo(counts[step]).isEqualTo(DEFINITION.pick(wanted, step, dealing));
            assertThat(Arrays.copyOf(ids, picked)).isEqualTo(Arrays.copyOf(wanted, picked));
        }
    }

    private static float[] logits(int count) {
        var random = new SplittableRandom(count);
        var logits = new float[count];
        for (var i = 0; i < count; i++) {
            logits[i] = (float) random.nextDouble(-70, 20);
        }
        var extremes = new float[] {20, -0f, 0f, Float.NEGATIVE_INFINITY, -3e38f, 1e-40f};
        for (var i = 0; i < Math.min(count, extremes.length); i++) {
            logits[i * 37 % count] = extremes[i];
        }
        return logits;
    }

    private static float[] highest(LogitKernels kernels, float[] logits) {
        var highest = new float[LogitKernels.blocks(logits.length)];
        kernels.highest(highest, logits, logits.length);
        for (var i = 0; i < highest.length; i++) {
            highest[i] += 0f; // of two zeros either is the highest
        }
        return highest;
    }

    private static int[] bits(float[] floats) {
        var bits = new int[floats.length];
        for (var i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(floats[i]);
        }
        return bits;
    }
}
