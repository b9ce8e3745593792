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
            case F32, F16, BF16 -> throw new IllegalArgumentException(type + " is not quantised");
            case Q4_1, Q5_0, Q5_1, IQ4_NL, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K ->
                throw new IllegalArgumentException(type + " is not supported yet");
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

    /** How numbers lie in blocks: little-endian, at any address. */
    final class Layouts {
        static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        private Layouts() {}
    }
}
