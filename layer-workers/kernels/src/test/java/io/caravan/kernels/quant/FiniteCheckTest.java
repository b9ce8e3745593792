package io.caravan.kernels.quant;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FiniteCheckTest {
    private static final int ROWS = 5;
    private static final int ROUNDS = 2_000;

    /** The definition is what is read: whatever bits stand there, a row is damaged where one of its numbers is. */
    @ParameterizedTest
    @EnumSource
    void shouldFindTheRowOfWhichANumberIsNone(TensorType type) {
        int columns = type.quantised() ? 2 * type.blockElements() : 13;
        int rowBytes = (int) type.bytes(columns);
        var random = new Random(type.ordinal());
        int damagedCount = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rows = arena.allocate((long) ROWS * rowBytes);
            for (int round = 0; round < ROUNDS; round++) {
                byte[] bits = new byte[ROWS * rowBytes];
                random.nextBytes(bits);
                MemorySegment.copy(bits, 0, rows, ValueLayout.JAVA_BYTE, 0, bits.length);
                if (!type.quantised()) {
                    makeFinite(type, rows, random);
                }

                int expected = firstDamaged(type, rows, columns);
                damagedCount += expected < ROWS ? 1 : 0;
                assertThat(FiniteCheck.firstDamaged(type, rows, columns))
                        .as("round %d", round)
                        .isEqualTo(expected);
            }
        }
        assertThat(damagedCount).isBetween(1, ROUNDS - 1);
    }

    /** All but one number, mostly: of so many random ones, hardly ever all are finite. */
    private static void makeFinite(TensorType type, MemorySegment rows, Random random) {
        var numbers = new float[(int) (rows.byteSize() / type.blockBytes())];
        StoredFloats.read(type, rows, 0, numbers);
        int kept = random.nextInt(numbers.length);
        for (int i = 0; i < numbers.length; i++) {
            boolean damaged = i == kept && random.nextInt(4) > 0;
            numbers[i] = damaged
                    ? (random.nextBoolean() ? Float.NEGATIVE_INFINITY : Float.NaN)
                    : (float) random.nextGaussian();
        }
        StoredFloats.write(type, numbers, rows, 0);
    }

    private static int firstDamaged(TensorType type, MemorySegment rows, int columns) {
        var numbers = new float[columns];
        for (int row = 0; row < ROWS; row++) {
            StoredFloats.read(type, rows, row * type.bytes(columns), numbers);
            if (!Arrays.stream(widened(numbers)).allMatch(Double::isFinite)) {
                return row;
            }
        }
        return ROWS;
    }

    private static double[] widened(float[] numbers) {
        var doubles = new double[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            doubles[i] = numbers[i];
        }
        return doubles;
    }
}
