package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.TensorType;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A row's result has the same bits alone, in any batch, and with any number of threads. */
class BatchInvarianceTest {

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR", "NATIVE"})
    void shouldMultiplyARowToTheSameBitsAloneAndInABatch(KernelChoice choice) {
        multiplyRows(choice, ActivationChoice.AUTO);
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR", "NATIVE"})
    void shouldMultiplyARowOfFloatsToTheSameBitsAloneAndInABatch(KernelChoice choice) {
        multiplyRows(choice, ActivationChoice.F32);
    }

    private static void multiplyRows(KernelChoice choice, ActivationChoice activations) {
        for (var type : Samples.ALL) {
            for (var k : type.quantised() ? new int[] {256, 768} : new int[] {33, 702}) {
                var expected = product(choice, activations, type, k, 50);
                for (var threads : new int[] {1, 2, 3}) {
                    try (var device = HostDevice.open(choice, threads, activations)) {
                        var x = Samples.random(device, TensorType.F32, 50, k, 1);
                        var w = Samples.weights(device, type, 207, k, 2);
                        for (var rows : new int[] {1, 2, 3, 4, 13, 50}) {
                            var out = device.allocate(TensorType.F32, rows, 207);
                            device.kernels().matmul(out, x, w, rows);
                            assertThat(Samples.bits(out, 0, rows)).isEqualTo(first(expected, rows));
                        }
                    }
                }
            }
        }
    }

    /** The bits of each row's product, computed row by row. */
    private static int[] product(KernelChoice choice, ActivationChoice activations, TensorType type, int k, int rows) {
        try (var device = HostDevice.open(choice, 1, activations)) {
            var x = Samples.random(device, TensorType.F32, rows, k, 1);
            var w = Samples.weights(device, type, 207, k, 2);
            var out = device.allocate(TensorType.F32, 1, 207);
            return IntStream.range(0, rows)
                    .flatMap(row -> {
                        var alone = device.allocate(TensorType.F32, 1, k);
                        device.kernels().gatherRows(alone, x, new int[] {row});
                        device.kernels().matmul(out, alone, w, 1);
                        return IntStream.of(Samples.bits(out, 0, 1));
                    })
                    .toArray();
        }
    }

    private static int[] first(int[] bits, int rows) {
        return Arrays.copyOf(bits, rows * 207);
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR", "NATIVE"})
    void shouldAttendToTheSameBitsInAnyBatchAndAnyBlocks(KernelChoice choice) {
        for (var type : Samples.CACHED) {
            var alone = attention(choice, 1, type, new int[] {0, 1, 2, 3}, 50);
            for (var threads : new int[] {1, 2, 3}) {
                for (var table : new int[][] {{0, 1, 2, 3}, {5, 2, 4, 0}}) {
                    assertThat(attention(choice, threads, type, table, 50)).isEqualTo(alone);
                    var positions = IntStream.range(17, 57).toArray();
                    assertThat(IntStream.of(attention(choice, threads, type, table, positions))
                                    .skip(33 * 24)
                                    .limit(24))
                            .containsExactly(box(alone));
                    assertThat(IntStream.of(attention(choice, threads, type, table, 50, 3, 56))
                                    .limit(24))
                            .containsExactly(box(alone));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR", "NATIVE"})
    void shouldAttendToALongContextToTheSameBitsWithAnyThreads(KernelChoice choice) {
        var positions = new int[] {700, 10, 699, 255, 256, 511};
        for (var type : Samples.CACHED) {
            for (var window : new int[] {AttentionRule.UNLIMITED, 270}) {
                var alone = longContext(choice, 1, type, window, 700);
                for (var threads : new int[] {2, 3, 5}) {
                    assertThat(longContext(choice, threads, type, window, 700)).isEqualTo(alone);
                    assertThat(IntStream.of(longContext(choice, threads, type, window, positions))
                                    .limit(4 * 20))
                            .containsExactly(box(alone));
                }
                assertThat(longContext(choice, 5, type, window, positions))
                        .isEqualTo(longContext(choice, 1, type, window, positions));
            }
        }
    }

    private static int[] longContext(KernelChoice choice, int threads, TensorType type, int window, int... positions) {
        try (var device = HostDevice.open(choice, threads)) {
            var out = device.allocate(TensorType.F32, positions.length, 4 * 20);
            var table = IntStream.range(0, 44).map(block -> block * 7 % 44).toArray();
            var rule = new AttentionRule(0.4, window);
            new CachedSequence(device, type, 2, 701, table, 20, rule).attend(out, positions);
            return Samples.bits(out, 0, positions.length);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR", "NATIVE"})
    void shouldAttendThroughAWindowToTheSameBitsInAnyBatch(KernelChoice choice) {
        for (var window : new int[] {3, 20}) {
            var alone = windowed(choice, 1, window, 50);
            assertThat(IntStream.of(windowed(
                                    choice, 2, window, IntStream.range(17, 57).toArray()))
                            .skip(33 * 24)
                            .limit(24))
                    .containsExactly(box(alone));
        }
    }

    private static int[] windowed(KernelChoice choice, int threads, int window, int... positions) {
        try (var device = HostDevice.open(choice, threads)) {
            var out = device.allocate(TensorType.F32, positions.length, 24);
            var rule = new AttentionRule(0.4, window);
            new CachedSequence(device, TensorType.F32, 2, 60, new int[] {0, 1, 2, 3}, 6, rule).attend(out, positions);
            return Samples.bits(out, 0, positions.length);
        }
    }

    private static Integer[] box(int[] bits) {
        return IntStream.of(bits).boxed().toArray(Integer[]::new);
    }

    private static int[] attention(KernelChoice choice, int threads, TensorType type, int[] table, int... positions) {
        try (var device = HostDevice.open(choice, threads)) {
            var out = device.allocate(TensorType.F32, positions.length, 24);
            new CachedSequence(device, type, 2, 6, 60, table).attend(out, positions);
            return Samples.bits(out, 0, positions.length);
        }
    }
}
