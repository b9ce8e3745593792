package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.caravan.kernels.scalar.Elements;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The fast kernels against the definition, at sizes that leave incomplete vectors, tiles and blocks. */
class ProviderAgreementTest {
    private static final HostDevice SCALAR = HostDevice.open(KernelChoice.SCALAR, 1);
    private static final HostDevice VECTOR = HostDevice.open(KernelChoice.VECTOR, 2);
    private static final HostDevice NATIVE = HostDevice.open(KernelChoice.NATIVE, 2);

    @AfterAll
    static void close() {
        SCALAR.close();
        VECTOR.close();
        NATIVE.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 6, 8, 13, 31, 33, 207, 702, 4098})
    void shouldMultiplyAsTheDefinitionDoes(int size) {
        for (var type : Samples.PLAIN) {
            for (var rows : new int[] {1, 2, 3, 5, 14}) {
                compare(size * 1e-6, rows, 37, (device, out) -> {
                    var x = Samples.random(device, TensorType.F32, rows, size, 1);
                    device.kernels().matmul(out, x, Samples.weights(device, type, 37, size, 2), rows);
                });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8, 9})
    void shouldMultiplyQuantisedWeightsAsTheDefinitionDoes(int blocks) {
        for (var type : Samples.QUANTISED) {
            var size = blocks * type.blockElements();
            for (var rows : new int[] {1, 2, 3, 5, 8, 14, 31}) {
                compare(size * 2e-6, rows, 37, (device, out) -> {
                    var x = Samples.random(device, TensorType.F32, rows, size, 1);
                    device.kernels().matmul(out, x, Samples.weights(device, type, 37, size, 2), rows);
                });
            }
        }
    }

    @Test
    void shouldMultiplySeveralMatricesOfAnyTypeAtOnce() {
        for (var i = 0; i < 2; i++) {
            var which = i;
            compare(1e-3, 3, 70, (device, out) -> {
                var x = Samples.random(device, TensorType.F32, 3, 512, 1);
                var other = device.allocate(TensorType.F32, 3, 40);
                var first = Samples.weights(device, TensorType.BF16, which == 0 ? 70 : 40, 512, 2);
                var second = Samples.weights(device, TensorType.Q8_0, which == 0 ? 40 : 70, 512, 3);
                var outs = which == 0 ? List.of(out, other) : List.of(other, out);
                device.kernels().matmul(outs, x, List.of(first, second), 3);
            });
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldRoundActivationsAsTheDefinitionDoes(ActivationChoice activations) {
        try (var scalar = HostDevice.open(KernelChoice.SCALAR, 1, activations);
                var vector = HostDevice.open(KernelChoice.VECTOR, 2, activations);
                var compiled = HostDevice.open(KernelChoice.NATIVE, 2, activations)) {
            for (var type : Samples.ALL) {
                for (var rows : new int[] {1, 9, 200}) {
                    for (var size : new int[] {type.blockElements() == 1 ? 33 : type.blockElements(), 768}) {
                        compare(scalar, List.of(vector, compiled), 1e-4, rows, 37, (device, out) -> {
                            var x = Samples.random(device, TensorType.F32, rows, size, 1);
                            device.kernels().matmul(out, x, Samples.weights(device, type, 37, size, 2), rows);
                        });
                    }
                }
            }
        }
    }

    @Test
    void shouldKeepWhatIsNotANumberInQuantisedProducts() {
        for (var value : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            for (var device : List.of(SCALAR, VECTOR, NATIVE)) {
                var x = Samples.random(device, TensorType.F32, 2, 256, 1);
                Elements.set(x, 300, value);
                var out = device.allocate(TensorType.F32, 2, 8);
                device.kernels().matmul(out, x, Samples.weights(device, TensorType.Q8_0, 8, 256, 2), 2);
                assertThat(Elements.get(out, 3)).isFinite();
                assertThat(Elements.get(out, 8 + 3)).as(device.name()).isNaN();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 6, 8, 13, 31, 33, 207, 702, 4098})
    void shouldNormAddAndActivateAsTheDefinitionDoes(int size) {
        for (var type : Samples.PLAIN) {
            compare(2e-6, 3, size, (device, out) -> {
                var x = Samples.random(device, TensorType.F32, 3, size, 3);
                device.kernels().rmsNorm(out, x, Samples.random(device, type, 1, size, 4), 1e-5f, 3);
            });
            compare(
                    0,
                    3,
                    size,
                    (device, out) -> device.kernels()
                            .embed(out, Samples.random(device, type, 9, size, 5), new int[] {8, 0, 3}, 3));
        }
        compare(1e-6, 3, size, (device, out) -> {
            scale(Samples.random(device, TensorType.F32, 3, size, 6), out, 20);
            device.kernels().swiGlu(out, Samples.random(device, TensorType.F32, 3, size, 7), 3);
        });
        compare(0, 3, size, (device, out) -> {
            scale(Samples.random(device, TensorType.F32, 3, size, 6), out, 1);
            device.kernels().add(out, Samples.random(device, TensorType.F32, 3, size, 7), 3);
        });
        compare(0, 3, size, (device, out) -> {
            scale(Samples.random(device, TensorType.F32, 3, size, 6), out, 1);
            device.kernels().addBias(out, Samples.random(device, TensorType.F32, 1, size, 7), 3);
            device.kernels().scale(out, 0.22f, 3);
        });
        compare(2e-6, 3, size, (device, out) -> {
            scale(Samples.random(device, TensorType.F32, 3, size, 6), out, 1);
            device.kernels().rmsNorm(out, out, Samples.random(device, TensorType.F32, 1, size, 4), 1e-5f, 3);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 6, 8, 26, 62, 64, 128})
    void shouldRotateAndAttendAsTheDefinitionDoes(int headDim) {
        compare(1e-6, 3, 4L * headDim, (device, out) -> {
            scale(Samples.random(device, TensorType.F32, 3, 4L * headDim, 8), out, 1);
            var cos = Samples.random(device, TensorType.F32, 3, headDim / 2, 9);
            device.kernels().rope(out, cos, Samples.random(device, TensorType.F32, 3, headDim / 2, 10), headDim, 3);
        });
        for (var type : Samples.CACHED) {
            for (var kvHeads : new int[] {1, 2, 4}) {
                compare(1e-5, 1, 4L * headDim, (device, out) -> {
                    var sequence = new CachedSequence(device, type, kvHeads, headDim, 45, new int[] {4, 1, 3});
                    sequence.attend(out, 44);
                });
            }
        }
    }

    @Test
    void shouldAttendToLongContextsAsTheDefinitionDoes() {
        var table = IntStream.range(0, 44).map(block -> block * 7 % 44).toArray();
        for (var type : Samples.CACHED) {
            for (var window : new int[] {AttentionRule.UNLIMITED, 300, 40}) {
                var rule = new AttentionRule(0.2, window);
                compare(1e-5, 9, 4L * 34, (device, out) -> {
                    var sequence = new CachedSequence(device, type, 1, 700, table, 34, rule);
                    sequence.attend(out, 254, 255, 256, 257, 511, 512, 555, 556, 699);
                });
            }
        }
    }

    @Test
    void shouldQuantiseKeysAndValuesAsTheDefinitionDoes() {
        var least = Float.MIN_VALUE;
        var rows = new float[][] {
            {0f, -0f, 0f},
            {1f, -127f, 0.5f, -0.5f, 1.5f, 2.49999f, 63.5f, -126.5f},
            {1e-8f, -1e-9f, least, 3e-41f},
            {6e-5f, -7e-6f, 3e-5f},
            {65504f * 127, -1e7f, 4e5f},
            {1f, Float.NaN, -2f}
        };
        compare(1e-6, rows.length, 64, (device, out) -> {
            for (var row = 0; row < rows.length; row++) {
                var kv = new KvLayer(
                        device.allocate(TensorType.Q8_0, 1, 64), device.allocate(TensorType.Q8_0, 1, 64), 1, 1, 40);
                var value = device.allocate(TensorType.F32, 1, 40);
                for (var i = 0; i < rows[row].length; i++) {
                    Elements.set(value, i, rows[row][i]);
                    Elements.set(value, 39 - i, rows[row][i] / 3);
                }
                var zero = device.allocate(TensorType.F32, 1, 40);
                var where = new PagedRows(new int[] {0}, new int[][] {{0}});
                device.kernels().storeKv(kv, zero, value, where);
                device.kernels().attention(zero, zero, kv, where); // of one token: its value
                for (var i = 0; i < 40; i++) {
                    var read = Elements.get(zero, i);
                    Elements.set(out, row * 64 + i, Float.isNaN(read) ? -1e9f : read);
                }
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 15, 16, 17, 32, 33, 45, 100})
    void shouldSeeThroughAWindowAsTheDefinitionDoes(int window) {
        for (var type : Samples.CACHED) {
            var rule = new AttentionRule(0.31, window);
            compare(1e-5, 7, 4L * 26, (device, out) -> {
                var sequence = new CachedSequence(device, type, 2, 45, new int[] {4, 1, 3}, 26, rule);
                sequence.attend(out, 0, 1, 14, 15, 16, 31, 44);
            });
        }
    }

    @Test
    void shouldActivateExtremesAsTheDefinitionDoes() {
        var extremes = new float[] {0f, -0f, 1e-40f, -1e-30f, 85f, -85f, 87f, -87f, 104f, -104f, 1e30f, -1e30f, 5f};
        compare(1e-6, 1, extremes.length, (device, out) -> {
            for (var i = 0; i < extremes.length; i++) {
                Elements.set(out, i, extremes[i]);
            }
            var ones = device.allocate(TensorType.F32, 1, extremes.length);
            for (var i = 0; i < extremes.length; i++) {
                Elements.set(ones, i, 1);
            }
            device.kernels().swiGlu(out, ones, 1);
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void shouldReadEveryNarrowNumberExactly(TensorType type) {
        var table = VECTOR.allocate(type, 1, 65536);
        for (var i = 0; i < 65536; i++) {
            table.data().setAtIndex(ValueLayout.JAVA_SHORT, i, (short) i);
        }
        var out = VECTOR.allocate(TensorType.F32, 1, 65536);
        VECTOR.kernels().embed(out, table, new int[] {0}, 1);
        for (var i = 0; i < 65536; i++) {
            assertThat(Float.floatToIntBits(Elements.get(out, i)))
                    .isEqualTo(Float.floatToIntBits(Elements.get(table, i)));
        }
    }

    @Test
    void shouldRoundToF16AsTheDefinitionDoes() {
        var halfway = new float[] {65504f, 65519f, 65520f, 1e9f, 0x1p-24f, 0x1p-25f, 0x1.8p-25f, 1f + 0x1p-11f, -0f};
        for (var device : List.of(SCALAR, VECTOR)) {
            var kv = new KvLayer(
                    device.allocate(TensorType.F16, 1, halfway.length),
                    device.allocate(TensorType.F16, 1, halfway.length),
                    1,
                    1,
                    halfway.length);
            var row = device.allocate(TensorType.F32, 1, halfway.length);
            for (var i = 0; i < halfway.length; i++) {
                Elements.set(row, i, halfway[i]);
            }
            device.kernels().storeKv(kv, row, row, new PagedRows(new int[] {0}, new int[][] {{0}}));
            for (var cache : new Tensor[] {kv.keys(), kv.values()}) {
                assertThat(Samples.floats(cache))
                        .containsExactly(
                                65504f,
                                65504f,
                                Float.POSITIVE_INFINITY,
                                Float.POSITIVE_INFINITY,
                                0x1p-24f,
                                0f,
                                0x1p-24f,
                                1f,
                                -0f);
            }
        }
    }

    private static void scale(Tensor from, Tensor to, float factor) {
        for (var i = 0L; i < from.rows() * from.columns(); i++) {
            Elements.set(to, i, Elements.get(from, i) * factor);
        }
    }

    /** Runs {@code kernel} on all devices and compares what it wrote to its output, relative to 1 or the value. */
    private static void compare(double tolerance, long rows, long columns, BiConsumer<HostDevice, Tensor> kernel) {
        compare(SCALAR, List.of(VECTOR, NATIVE), tolerance, rows, columns, kernel);
    }

    private static void compare(
            HostDevice definition,
            List<HostDevice> fast,
            double tolerance,
            long rows,
            long columns,
            BiConsumer<HostDevice, Tensor> kernel) {
        var expected = definition.allocate(TensorType.F32, rows, columns);
        kernel.accept(definition, expected);
        for (var device : fast) {
            var actual = device.allocate(TensorType.F32, rows, columns);
            kernel.accept(device, actual);
            for (var i = 0L; i < rows * columns; i++) {
                var value = (double) Elements.get(expected, i);
                assertThat((double) Elements.get(actual, i))
                        .as("element %d of %s", i, device.name())
                        .isCloseTo(value, within(tolerance * Math.max(1, Math.abs(value))));
            }
        }
    }
}
