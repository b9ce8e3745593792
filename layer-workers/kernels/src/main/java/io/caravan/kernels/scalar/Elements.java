package io.caravan.kernels.scalar;

import io.caravan.kernels.Tensor;
import io.caravan.kernels.quant.QuantisationBlock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** One element of a tensor as a float, whatever its storage format. */
public final class Elements {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Elements() {}

    /** The element at {@code index}, counted row by row. Exact: every F16 and BF16 value is a float. */
    public static float get(Tensor tensor, long index) {
        return switch (tensor.type()) {
            case F32 -> getFloat(tensor.data(), index);
            case F16 -> Float.float16ToFloat(tensor.data().get(SHORT, index * Short.BYTES));
            case BF16 -> Float.intBitsToFloat(tensor.data().get(SHORT, index * Short.BYTES) << 16);
            default -> floats(tensor, index, 1)[0];
        };
    }

    /** The {@code count} floats from the one at {@code first} on. */
    static float[] floats(MemorySegment data, long first, int count) {
        var floats = new float[count];
        MemorySegment.copy(data, FLOAT, first * Float.BYTES, floats, 0, count);
        return floats;
    }

    /** The {@code count} elements from {@code first} on, of any storage format. */
    public static float[] floats(Tensor tensor, long first, int count) {
        if (tensor.packed()) {
            throw new IllegalArgumentException("only the provider that packed a tensor can read it");
        }
        var floats = new float[count];
        switch (tensor.type()) {
            case F32 -> MemorySegment.copy(tensor.data(), FLOAT, first * Float.BYTES, floats, 0, count);
            case F16 -> {
                for (var i = 0; i < count; i++) {
                    floats[i] = Float.float16ToFloat(tensor.data().get(SHORT, (first + i) * Short.BYTES));
                }
            }
            case BF16 -> {
                for (var i = 0; i < count; i++) {
                    floats[i] = Float.intBitsToFloat(tensor.data().get(SHORT, (first + i) * Short.BYTES) << 16);
                }
            }
            default -> dequantise(tensor, first, floats);
        }
        return floats;
    }

    private static void dequantise(Tensor tensor, long first, float[] floats) {
        var type = tensor.type();
        var block = new float[type.blockElements()];
        for (var i = 0; i < floats.length; ) {
            var at = (int) ((first + i) % block.length);
            var count = Math.min(block.length - at, floats.length - i);
            QuantisationBlock.of(type).dequantise(tensor.data(), type.bytes(first + i - at), block, 0);
            System.arraycopy(block, at, floats, i, count);
            i += count;
        }
    }

    private static float getFloat(MemorySegment data, long index) {
        return data.get(FLOAT, index * Float.BYTES);
    }

    /** Stores {@code value}, rounded to the nearest (ties to even) where the format is narrower. */
    public static void set(Tensor tensor, long index, float value) {
        switch (tensor.type()) {
            case F32 -> tensor.data().set(FLOAT, index * Float.BYTES, value);
            case F16 -> tensor.data().set(SHORT, index * Short.BYTES, Float.floatToFloat16(value));
            case BF16 -> tensor.data().set(SHORT, index * Short.BYTES, toBfloat16(value));
            default -> throw new IllegalArgumentException("an element of " + tensor.type() + " cannot be set alone");
        }
    }

    private static short toBfloat16(float value) {
        var bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }
}
