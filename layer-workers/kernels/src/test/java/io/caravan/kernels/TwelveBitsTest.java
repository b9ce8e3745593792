package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** BF16 weights in twelve bits give the bits that they give in sixteen, and are packed so where nothing is lost by it. */
class TwelveBitsTest {
    private static final HostDevice SMALL = device(ActivationChoice.AUTO, Bf16Storage.TWELVE_BITS);
    private static final HostDevice PLAIN = device(ActivationChoice.AUTO, Bf16Storage.SIXTEEN_BITS);
    private static final int LEAST_EXPONENT = 110;

    @AfterAll
    static void close() {
        SMALL.close();
        PLAIN.close();
    }

    private static HostDevice device(ActivationChoice activations, Bf16Storage storage) {
        return HostDevice.open(KernelChoice.NATIVE, 2, activations, storage, CpuList.ANY);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "INT8"})
    void shouldGiveTheSameBitsForEveryNumberOfRowsAndColumns(ActivationChoice activations) {
        try (var small = device(activations, Bf16Storage.TWELVE_BITS);
                var plain = device(activations, Bf16Storage.SIXTEEN_BITS)) {
            for (var columns : new int[] {1, 2, 7, 8, 33, 256, 1030}) {
                for (var outputs : new int[] {1, 37, 160}) {
                    var weights = numbers(outputs, columns, random(columns)::applyAsInt);
                    for (var rows : new int[] {1, 2, 3, 4, 5, 6, 7, 8, 13, 70, 400}) {
                        assertSameBits(small, plain, weights, rows, outputs, columns);
                    }
                }
            }
        }
    }

    @Test
    void shouldGiveTheSameBitsWithPatchesAtTheEndsAndAmongManyRows() {
        for (var columns : new int[] {513, 4096}) {
            var random = random(columns);
            var last = 70 * columns - 1;
            var weights = numbers(
                    70,
                    columns,
                    i -> i == 0 || i == last || i == columns - 1 || i == 40 * columns
                            ? 0xc123 + (i & 0x7f)
                            : i == 3 ? 0 : i == 4 ? 0x8000 : i == 5 ? 0x807f : random.applyAsInt(i));
            for (var rows : new int[] {1, 2, 4, 8, 60}) {
                assertSameBits(SMALL, PLAIN, weights, rows, 70, columns);
            }
        }
    }

    @Test
    void shouldPackMatricesOfEqualNumbersOfZerosAndOfDenormals() {
        for (var number : new int[] {0xbf81, 0, 0x8000, 0x0001, 0x007f, 0x7f7f}) {
            assertSameBits(SMALL, PLAIN, numbers(40, 64, i -> number), 3, 40, 64);
        }
    }

    @Test
    void shouldIndexExactlySixteenExponentsAndPatchASeventeenth() {
        var sixteen = numbers(64, 1000, random(1)::applyAsInt);
        var exact = weights(SMALL, sixteen, 64, 1000);
        assertThat(exact.layout()).isEqualTo(Layout.TWELVE_BITS);

        var another =
                numbers(64, 1000, i -> i % 1000 == 999 ? 0x4001 : random(1).applyAsInt(i));
        var patched = weights(SMALL, another, 64, 1000);
        assertThat(patched.layout()).isEqualTo(Layout.TWELVE_BITS);
        assertThat(patched.byteSize() - exact.byteSize()).isEqualTo(64 * 4);
        assertSameBits(SMALL, PLAIN, another, 5, 64, 1000);
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 65})
    void shouldLeaveAMatrixPlainOfWhichLessThan999In1000HaveAnIndex(int others) {
        var random = random(1);
        var weights = numbers(64, 1000, i -> i < others ? 0x4000 + i : random.applyAsInt(i));
        assertThat(weights(SMALL, weights, 64, 1000).layout())
                .isEqualTo(others <= 64 ? Layout.TWELVE_BITS : Layout.PACKED);
    }

    @Test
    void shouldLeaveRandomBitsPlainAndOtherTypesAsTheyAre() {
        var bits = new SplittableRandom(1);
        var noise = numbers(64, 64, i -> bits.nextInt() & 0xbfff);
        assertThat(weights(SMALL, noise, 64, 64).layout()).isEqualTo(Layout.PACKED);
        assertThat(SMALL.weights(TensorType.F16, 64, 64, noise).layout()).isEqualTo(Layout.PACKED);
        assertSameBits(SMALL, PLAIN, noise, 2, 64, 64, Layout.PACKED);
    }

    @Test
    void shouldTakeThreeQuartersOfTheMemory() {
        var weights = numbers(512, 2048, random(3)::applyAsInt);
        var takenBytes = SMALL.allocatedBytes();
        var small = weights(SMALL, weights, 512, 2048);
        assertThat((double) small.byteSize()).isLessThan(0.753 * 512 * 2048 * 2);
        assertThat(SMALL.allocatedBytes() - takenBytes).isEqualTo(small.byteSize());
        assertThat(weights(PLAIN, weights, 512, 2048).byteSize()).isEqualTo(512 * 2048 * 2);
    }

    /** Numbers of both signs and 16 exponents, all of them among the first 16. */
    private static IntUnaryOperator random(int seed) {
        return i -> {
            var bits = new SplittableRandom(seed * 1_000_003L + i).nextInt();
            return bits & 0x807f | LEAST_EXPONENT + i % 16 << 7;
        };
    }

    private static MemorySegment numbers(int rows, int columns, IntUnaryOperator number) {
        var data = Arena.ofAuto().allocate(TensorType.BF16.bytes((long) rows * columns), 64);
        for (var i = 0; i < rows * columns; i++) {
            data.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) number.applyAsInt(i));
        }
        return data;
    }

    private static Tensor weights(HostDevice device, MemorySegment data, int rows, int columns) {
        return device.weights(TensorType.BF16, rows, columns, data);
    }

    private static void assertSameBits(
            HostDevice small, HostDevice plain, MemorySegment weights, int rows, int outputs, int columns) {
        assertSameBits(small, plain, weights, rows, outputs, columns, Layout.TWELVE_BITS);
    }

    private static void assertSameBits(
            HostDevice small,
            HostDevice plain,
            MemorySegment weights,
            int rows,
            int outputs,
            int columns,
            Layout layout) {
        var packed = weights(small, weights, outputs, columns);
        assertThat(packed.layout()).isEqualTo(layout);
        var actual = small.allocate(TensorType.F32, rows, outputs);
        small.kernels().matmul(actual, Samples.random(small, TensorType.F32, rows, columns, 1), packed, rows);
        var unpacked = weights(plain, weights, outputs, columns);
        assertThat(unpacked.layout()).isEqualTo(Layout.PACKED);
        var expected = plain.allocate(TensorType.F32, rows, outputs);
        plain.kernels().matmul(expected, Samples.random(plain, TensorType.F32, rows, columns, 1), unpacked, rows);
        assertThat(actual.data().mismatch(expected.data()))
                .as("%d x %d x %d", rows, outputs, columns)
                .isEqualTo(-1);
    }
}
