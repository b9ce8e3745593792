package io.caravan.kernels.quant;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** How one quantisation block of a format is read and written. Stateless. */
public interface QuantisationBlock {

    /** Writes the block's {@link TensorType#blockElements()} elements to {@code target[at...]}. */
    void dequantise(MemorySegment data, long offset, float[] target, int at);

    /**
     * Stores {@code source[at...]} as the block at {@code offset}.
     *
     * @throws UnsupportedOperationException when weights are not quantised to this format, only read from it
     */
    void quantise(float[] source, int at, MemorySegment data, long offset);

    /**
     * The format called {@code type}.
     *
     * @throws IllegalArgumentException when {@code type} is not quantised
     */
    static QuantisationBlock of(TensorType type) {
        return switch (type) {
            case Q8_0 -> Q8Block.INSTANCE;
            case Q4_0 -> Q4Block.INSTANCE;
            case Q4_1 -> FifthBitBlock.Q4_1;
            case Q5_0 -> FifthBitBlock.Q5_0;
            case Q5_1 -> FifthBitBlock.Q5_1;
            case IQ4_NL -> TableBlock.INSTANCE;
            case Q2_K -> Q2KBlock.INSTANCE;
            case Q3_K -> Q3KBlock.INSTANCE;
            case Q4_K -> Q45KBlock.Q4_K;
            case Q5_K -> Q45KBlock.Q5_K;
            case Q6_K -> Q6KBlock.INSTANCE;
            case F32, F16, BF16 -> throw new IllegalArgumentException(type + " is not quantised");
        };
    }

    /** The half-precision number at {@code offset}. */
    static float half(MemorySegment data, long offset) {
        return Float.float16ToFloat(data.get(Layouts.SHORT, offset));
    }

    /** Stores {@code value} in half precision, rounded to the nearest, ties to even. */
    static void setHalf(MemorySegment data, long offset, float value) {
        data.set(Layouts.SHORT, offset, Float.floatToFloat16(value));
    }

    /** The unsigned byte at {@code offset}. */
    static int unsigned(MemorySegment data, long offset) {
        return Byte.toUnsignedInt(data.get(ValueLayout.JAVA_BYTE, offset));
    }

    /** What a format answers that weights are only read from. */
    static UnsupportedOperationException readOnly(String format) {
        return new UnsupportedOperationException("weights are not quantised to " + format
                + ", only read from it; Q8_0, Q4_0, Q4_K and Q6_K can be written");
    }

    /** How numbers lie in blocks: little-endian, at any address. */
    final class Layouts {
        static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        private Layouts() {}
    }
}
