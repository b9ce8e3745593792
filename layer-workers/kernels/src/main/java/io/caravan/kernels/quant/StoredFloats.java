package io.caravan.kernels.quant;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Runs of floats from and to every storage format. */
public final class StoredFloats {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private StoredFloats() {}

    /** Fills {@code target} with the elements from the byte {@code offset} on, which is where a block begins. */
    public static void read(TensorType type, MemorySegment data, long offset, float[] target) {
        switch (type) {
            case F32 -> MemorySegment.copy(data, FLOAT, offset, target, 0, target.length);
            case F16 -> {
                for (var i = 0; i < target.length; i++) {
                    target[i] = Float.float16ToFloat(data.get(SHORT, offset + 2L * i));
                }
            }
            case BF16 -> {
                for (var i = 0; i < target.length; i++) {
                    target[i] = Float.intBitsToFloat(data.get(SHORT, offset + 2L * i) << Short.SIZE);
                }
            }
            default -> {
                var block = QuantisationBlock.of(type);
                for (var i = 0; i < target.length; i += type.blockElements()) {
                    block.dequantise(data, offset + type.bytes(i), target, i);
                }
            }
        }
    }

    /** Stores all of {@code source}, whole blocks, at the byte {@code offset}, each as the nearest that the format has. */
    public static void write(TensorType type, float[] source, MemorySegment data, long offset) {
        switch (type) {
            case F32 -> MemorySegment.copy(source, 0, data, FLOAT, offset, source.length);
            case F16 -> {
                for (var i = 0; i < source.length; i++) {
                    data.set(SHORT, offset + 2L * i, Float.floatToFloat16(source[i]));
                }
            }
            case BF16 -> {
                for (var i = 0; i < source.length; i++) {
                    data.set(SHORT, offset + 2L * i, toBfloat16(source[i]));
                }
            }
            default -> {
                var block = QuantisationBlock.of(type);
                for (var i = 0; i < source.length; i += type.blockElements()) {
                    block.quantise(source, i, data, offset + type.bytes(i));
                }
            }
        }
    }

    /** The upper half of the nearest BF16 number, ties to even. */
    public static short toBfloat16(float value) {
        var bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }
}
