package io.caravan.kernels.quant;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Rows of any storage format to floats and back. Reading is exact. */
public final class Rows {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Rows() {}

    /** The {@code count} elements that {@code data} begins with, in whole blocks. */
    public static float[] read(TensorType type, MemorySegment data, int count) {
        var floats = new float[count];
        for (var i = 0; i < count; i += type.blockElements()) {
            switch (type) {
                case F32 -> floats[i] = data.get(FLOAT, (long) i * Float.BYTES);
                case F16 -> floats[i] = Float.float16ToFloat(data.get(SHORT, (long) i * Short.BYTES));
                case BF16 -> floats[i] = Float.intBitsToFloat(data.get(SHORT, (long) i * Short.BYTES) << Short.SIZE);
                default -> QuantisationBlock.of(type).dequantise(data, type.bytes(i), floats, i);
            }
        }
        return floats;
    }

    /**
     * Stores {@code floats} in {@code type}, rounded to the nearest (ties to even) where it is narrower.
     *
     * @throws UnsupportedOperationException when weights are not quantised to this format, only read from it
     */
    public static void write(float[] floats, TensorType type, MemorySegment data) {
        for (var i = 0; i < floats.length; i += type.blockElements()) {
            switch (type) {
                case F32 -> data.set(FLOAT, (long) i * Float.BYTES, floats[i]);
                case F16 -> data.set(SHORT, (long) i * Short.BYTES, Float.floatToFloat16(floats[i]));
                case BF16 -> data.set(SHORT, (long) i * Short.BYTES, bfloat16(floats[i]));
                default -> QuantisationBlock.of(type).quantise(floats, i, data, type.bytes(i));
            }
        }
    }

    /** The nearest bfloat16, ties to even. */
    private static short bfloat16(float value) {
        var bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }
}
