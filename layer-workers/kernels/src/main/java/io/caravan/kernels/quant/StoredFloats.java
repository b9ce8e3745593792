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

    private static final int MAGNITUDE = 0x7fff_ffff;
    private static final int INFINITY = 0x7f80_0000;

    /** Bit of a BF16 number that makes a NaN of infinity. */
    private static final int QUIET = 0x40;

    private StoredFloats() {}

    /** Fills {@code target} with the elements from the byte {@code offset} on, which is where a block begins. */
    public static void read(TensorType type, MemorySegment data, long offset, float[] target) {
        switch (type) {
            case F32 -> MemorySegment.copy(data, FLOAT, offset, target, 0, target.length);
            case F16 -> {
                var bits = bits(data, offset, target.length);
                for (var i = 0; i < target.length; i++) {
                    target[i] = Float.float16ToFloat(bits[i]);
                }
            }
            case BF16 -> {
                var bits = bits(data, offset, target.length);
                for (var i = 0; i < target.length; i++) {
                    target[i] = Float.intBitsToFloat(bits[i] << Short.SIZE);
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
                var bits = new short[source.length];
                for (var i = 0; i < source.length; i++) {
                    bits[i] = Float.floatToFloat16(source[i]);
                }
                MemorySegment.copy(bits, 0, data, SHORT, offset, bits.length);
            }
            case BF16 -> {
                var bits = new short[source.length];
                for (var i = 0; i < source.length; i++) {
                    bits[i] = toBfloat16(source[i]);
                }
                MemorySegment.copy(bits, 0, data, SHORT, offset, bits.length);
            }
            default -> {
                for (var i = 0; i < source.length; ) {
                    i += writeBlock(type, source, i, data, offset + type.bytes(i));
                }
            }
        }
    }

    /**
     * Stores the elements from {@code at} on as one block of a quantised format.
     *
     * @return elements of the block
     */
    public static int writeBlock(TensorType type, float[] source, int at, MemorySegment data, long offset) {
        QuantisationBlock.of(type).quantise(source, at, data, offset);
        return type.blockElements();
    }

    /** From arrays to arrays, the JIT compiler turns conversions into vectors. */
    private static short[] bits(MemorySegment data, long offset, int count) {
        var bits = new short[count];
        MemorySegment.copy(data, SHORT, offset, bits, 0, count);
        return bits;
    }

    /** The upper half of the nearest BF16 number, ties to even; a NaN stays one. Without branches, for vectors. */
    public static short toBfloat16(float value) {
        var bits = Float.floatToRawIntBits(value);
        var nan = INFINITY - (bits & MAGNITUDE) >> 31; // -1 for a NaN, else 0
        return (short) ((bits + (0x7fff + (bits >>> 16 & 1) & ~nan) >>> 16) | nan & QUIET);
    }
}
