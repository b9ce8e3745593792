package io.caravan.kernels.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Blocks whose bytes and elements were worked out by hand from the formats' definitions. */
class QuantisationBlockTest {
    private static final int HALF = 0x3800;
    private static final int ONE = 0x3c00;
    private static final int TWO = 0x4000;

    @Test
    void shouldReadQ8WithSignedBytes() {
        var x = new Bytes(TensorType.Q8_0)
                .half(0, HALF)
                .set(2, 0x7f)
                .set(33, 0x80)
                .elements();
        assertThat(x).startsWith(63.5f, 0).endsWith(0, -64);
    }

    @Test
    void shouldReadQ4WithTheSecondHalfInUpperBits() {
        var x = new Bytes(TensorType.Q4_0).half(0, TWO).set(2, 0xf3).elements();
        assertThat(x[0]).isEqualTo(2 * (3 - 8));
        assertThat(x[16]).isEqualTo(2 * (15 - 8));
        assertThat(x[1]).isEqualTo(2 * -8);
    }

    @Test
    void shouldReadQ41WithItsMinimum() {
        var x = new Bytes(TensorType.Q4_1)
                .half(0, HALF)
                .half(2, 0xbc00)
                .set(4, 0xf3)
                .elements();
        assertThat(x[0]).isEqualTo(0.5f * 3 - 1);
        assertThat(x[16]).isEqualTo(0.5f * 15 - 1);
        assertThat(x[31]).isEqualTo(-1);
    }

    @Test
    void shouldReadQ50WithItsFifthBits() {
        var x = new Bytes(TensorType.Q5_0)
                .half(0, TWO)
                .set(2, 0x01)
                .set(5, 0x80)
                .set(6, 0x21)
                .set(21, 0x4f)
                .elements();
        assertThat(x[0]).isEqualTo(2 * (17 - 16));
        assertThat(x[16]).isEqualTo(2 * (2 - 16));
        assertThat(x[15]).isEqualTo(2 * (15 - 16));
        assertThat(x[31]).isEqualTo(2 * (20 - 16));
        assertThat(x[1]).isEqualTo(-32);
    }

    @Test
    void shouldReadQ51WithFifthBitsAndMinimum() {
        var x = new Bytes(TensorType.Q5_1)
                .half(0, ONE)
                .half(2, 0x4900)
                .set(4, 0x02)
                .set(6, 0x01)
                .set(8, 0x70)
                .set(9, 0x05)
                .elements();
        assertThat(x[0]).isEqualTo(10);
        assertThat(x[1]).isEqualTo(16 + 5 + 10);
        assertThat(x[16]).isEqualTo(16 + 7 + 10);
        assertThat(x[17]).isEqualTo(10);
    }

    @Test
    void shouldReadIq4NlThroughItsTable() {
        var x = new Bytes(TensorType.IQ4_NL)
                .half(0, HALF)
                .set(2, 0x0f)
                .set(17, 0x80)
                .elements();
        assertThat(x[0]).isEqualTo(113 / 2f);
        assertThat(x[16]).isEqualTo(-127 / 2f);
        assertThat(x[31]).isEqualTo(1 / 2f);
    }

    @Test
    void shouldReadQ2KWithScalesAndMinimaOfFourBits() {
        var x = new Bytes(TensorType.Q2_K)
                .half(80, HALF)
                .half(82, 0x3400)
                .set(0, 0x21)
                .set(1, 0x03)
                .set(2, 0x01)
                .set(15, 0x12)
                .set(16, 0b11_10_01_00)
                .set(32, 0b10)
                .set(79, 0b10_00_00_00)
                .elements();
        assertThat(x[0]).isEqualTo(-0.25f * 2);
        assertThat(x[16]).isEqualTo(0.5f * 3 * 2);
        assertThat(x[32]).isEqualTo(0.5f);
        assertThat(x[255]).isEqualTo(0.5f * 2 * 2 - 0.25f);
    }

    @Test
    void shouldReadQ3KWithScatteredScaleBits() {
        var x = new Bytes(TensorType.Q3_K)
                .half(108, ONE)
                .set(96, 0x01)
                .set(104, 0x02)
                .set(97, 0x50)
                .set(105, 0x20)
                .set(0, 0x01)
                .set(32, 0x03)
                .set(16, 0x10)
                .set(80, 0x02)
                .elements();
        assertThat(x[0]).isEqualTo(7 - 4);
        assertThat(x[1]).isEqualTo(-4);
        assertThat(x[144]).isEqualTo(5 * (6 - 4));
        assertThat(x[145]).isEqualTo(5 * -4);
        assertThat(x[32]).isEqualTo(-32 * -4);
    }

    @ParameterizedTest
    @CsvSource({"Q4_K, 16, 53, 903", "Q5_K, 48, 149, 2247"})
    void shouldReadQ4KAndQ5KWithScalesOfSixBits(TensorType type, int levelsAt, float first, float last) {
        var bytes = new Bytes(type)
                .half(0, TWO)
                .half(2, ONE)
                .set(4, 3)
                .set(8, 1)
                .set(7, 0x80)
                .set(11, 0x40)
                .set(15, 0x5a)
                .set(levelsAt, 0x09)
                .set(levelsAt + 127, 0xb0);
        var x = (type == TensorType.Q5_K ? bytes.set(16, 0x01).set(47, 0x80) : bytes).elements();
        assertThat(x[0]).isEqualTo(first);
        assertThat(x[1]).isEqualTo(-1);
        assertThat(x[32]).isZero();
        assertThat(x[223]).isZero();
        assertThat(x[254]).isEqualTo(-21);
        assertThat(x[255]).isEqualTo(last);
    }

    @Test
    void shouldReadQ6KWithSignedScales() {
        var x = new Bytes(TensorType.Q6_K)
                .half(208, HALF)
                .set(192, 2)
                .set(196, 1)
                .set(207, -3)
                .set(0, 0x75)
                .set(128, 0x13)
                .set(127, 0xe0)
                .set(191, 0x80)
                .elements();
        assertThat(x[0]).isEqualTo(53 - 32);
        assertThat(x[64]).isEqualTo(0.5f * (23 - 32));
        assertThat(x[254]).isEqualTo(-1.5f * -32);
        assertThat(x[255]).isEqualTo(-1.5f * (46 - 32));
        assertThat(x[32]).isZero();
    }

    /** The bounds are root mean square errors over the elements' root mean square, on normally distributed ones. */
    @ParameterizedTest
    @CsvSource({"Q8_0, 0.0056", "Q4_0, 0.09", "Q4_K, 0.073", "Q6_K, 0.0182"})
    void shouldQuantiseNormalNumbersAsWellAsTheFormatCan(TensorType type, double bound) {
        var random = new Random(7);
        var squares = 0d;
        var errors = 0d;
        for (var block = 0; block < 64; block++) {
            var source = new float[type.blockElements()];
            for (var i = 0; i < source.length; i++) {
                source[i] = (float) random.nextGaussian() * 0.02f;
            }
            var read = new Bytes(type).quantised(source).elements();
            for (var i = 0; i < source.length; i++) {
                squares += source[i] * source[i];
                errors += (source[i] - read[i]) * (source[i] - read[i]);
            }
        }
        assertThat(Math.sqrt(errors / squares)).isLessThan(bound);
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "Q4_K", "Q6_K"})
    void shouldKeepConstantsAndZeros(TensorType type) {
        var source = new float[type.blockElements()];
        for (var constant : new float[] {0, 3, -3, 1e-2f}) {
            Arrays.fill(source, constant);
            for (var element : new Bytes(type).quantised(source).elements()) {
                assertThat(element).isCloseTo(constant, within(Math.abs(constant) / 64));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "Q4_K", "Q6_K"})
    void shouldLeaveBytesOutsideTheBlockAlone(TensorType type) {
        var source = new float[type.blockElements() + 2];
        Arrays.fill(source, 1);
        var bytes = new byte[type.blockBytes() + 2];
        Arrays.fill(bytes, (byte) 0xa5);
        var data = MemorySegment.ofArray(bytes);
        QuantisationBlock.of(type).quantise(source, 1, data, 1);
        assertThat(bytes[0]).isEqualTo((byte) 0xa5);
        assertThat(bytes[bytes.length - 1]).isEqualTo((byte) 0xa5);
        var read = new float[source.length];
        QuantisationBlock.of(type).dequantise(data, 1, read, 1);
        assertThat(read[0]).isZero();
        assertThat(read[1]).isCloseTo(1, within(0.02f));
        assertThat(read[source.length - 1]).isZero();
    }

    @ParameterizedTest
    @EnumSource(names = {"Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "Q2_K", "Q3_K", "Q5_K"})
    void shouldRefuseByNameToWriteWhatIsOnlyRead(TensorType type) {
        assertThatThrownBy(() -> new Bytes(type).quantised(new float[type.blockElements()]))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining(type.name());
    }

    /** A block's bytes, zeros at first. */
    private record Bytes(TensorType type, byte[] bytes) {
        Bytes(TensorType type) {
            this(type, new byte[type.blockBytes()]);
        }

        Bytes set(int at, int value) {
            bytes[at] = (byte) value;
            return this;
        }

        Bytes half(int at, int bits) {
            return set(at, bits).set(at + 1, bits >> 8);
        }

        Bytes quantised(float[] source) {
            QuantisationBlock.of(type).quantise(source, 0, MemorySegment.ofArray(bytes), 0);
            return this;
        }

        float[] elements() {
            var elements = new float[type.blockElements()];
            QuantisationBlock.of(type).dequantise(MemorySegment.ofArray(bytes), 0, elements, 0);
            return elements;
        }
    }
}
