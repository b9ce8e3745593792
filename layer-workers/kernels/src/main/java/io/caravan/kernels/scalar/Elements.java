package io.caravan.kernels.scalar;

import io.caravan.kernels.Tensor;
import io.caravan.kernels.quant.StoredFloats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

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
        var type = tensor.type();
        var floats = new float[count];
        var at = first % type.blockElements();
        if (at == 0 && count % type.blockElements() == 0) {
            StoredFloats.read(type, tensor.data(), type.bytes(first), floats);
            return floats;
        }
        var blocks = new float
                [Math.toIntExact(Math.ceilDiv(at + count, (long) type.blockElements()) * type.blockElements())];
        StoredFloats.read(type, tensor.data(), type.bytes(first - at), blocks);
        System.arraycopy(blocks, (int) at, floats, 0, count);
        return floats;
    }

    /** Stores {@code values}, followed by zeros, as a row: each as the nearest that the format has. */
    static void setRow(Tensor tensor, long row, float[] values) {
        var width = Math.toIntExact(tensor.columns());
        StoredFloats.write(
                tensor.type(),
                Arrays.copyOf(values, width),
                tensor.data(),
                tensor.type().bytes(row * width));
    }

    private static float getFloat(MemorySegment data, long index) {
        return data.get(FLOAT, index * Float.BYTES);
    }

    /** Stores {@code value}, rounded to the nearest (ties to even) where the format is narrower. */
    public static void set(Tensor tensor, long index, float value) {
        switch (tensor.type()) {
            case F32 -> tensor.data().set(FLOAT, index * Float.BYTES, value);
            case F16 -> tensor.data().set(SHORT, index * Short.BYTES, Float.floatToFloat16(value));
            case BF16 -> tensor.data().set(SHORT, index * Short.BYTES, StoredFloats.toBfloat16(value));
            default -> throw new IllegalArgumentException("an element of " + tensor.type() + " cannot be set alone");
        }
    }
}
