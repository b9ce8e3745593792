package io.caravan.kernels.quant;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Finds stored numbers that are infinite or none at all. In all formats these have the bits of the exponent set; of a
 * quantisation block only the scales can be such, which are F16.
 */
public final class FiniteCheck {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final long F32_EXPONENTS = 0x7f80_0000_7f80_0000L;
    private static final long F32_ONES = 0x0000_0001_0000_0001L;
    private static final long F16_EXPONENTS = 0x7c00_7c00_7c00_7c00L;
    private static final long BF16_EXPONENTS = 0x7f80_7f80_7f80_7f80L;
    private static final long HALF_ONES = 0x0001_0001_0001_0001L;

    private FiniteCheck() {}

    /**
     * The first of {@code rows} with such a number.
     *
     * @param rows [count, columns] in {@code type}, back to back
     * @return its index, or {@code count} where there is none
     */
    public static long firstDamaged(TensorType type, MemorySegment rows, long columns) {
        long rowBytes = type.bytes(columns);
        long count = rows.byteSize() / rowBytes;
        if (isFinite(type, rows)) {
            return count;
        }
        long row = 0;
        while (isFinite(type, rows.asSlice(row * rowBytes, rowBytes))) {
            row++;
        }
        return row;
    }

    private static boolean isFinite(TensorType type, MemorySegment data) {
        return switch (type) {
            case F32 -> isFinite(data, F32_EXPONENTS, F32_ONES);
            case F16 -> isFinite(data, F16_EXPONENTS, HALF_ONES);
            case BF16 -> isFinite(data, BF16_EXPONENTS, HALF_ONES);
            case Q8_0, Q4_0, Q5_0, IQ4_NL -> areFinite(type, data, 0, 1);
            case Q4_1, Q5_1, Q4_K, Q5_K -> areFinite(type, data, 0, 2);
            case Q2_K -> areFinite(type, data, 80, 2);
            case Q3_K -> areFinite(type, data, 108, 1);
            case Q6_K -> areFinite(type, data, 208, 1);
        };
    }

    /**
     * Eight bytes at a time: where a lane's exponent is all ones, its complement is zero, and taking one from it borrows into the
     * lane's sign.
     */
    private static boolean isFinite(MemorySegment data, long exponents, long ones) {
        long whole = data.byteSize() & -Long.BYTES;
        long borrowed = 0;
        for (long at = 0; at < whole; at += Long.BYTES) {
            borrowed |= (~data.get(LONG, at) & exponents) - ones;
        }
        long rest = 0;
        for (long at = whole; at < data.byteSize(); at++) {
            rest |= (data.get(ValueLayout.JAVA_BYTE, at) & 0xffL) << (at - whole) * Byte.SIZE;
        }
        borrowed |= (~rest & exponents) - ones;
        return (borrowed & ones << (ones == F32_ONES ? Integer.SIZE : Short.SIZE) - 1) == 0;
    }

    /** @param scalesAt where in a block its {@code scales} F16 numbers are */
    private static boolean areFinite(TensorType type, MemorySegment data, int scalesAt, int scales) {
        for (long block = 0; block < data.byteSize(); block += type.blockBytes()) {
            for (int i = 0; i < scales; i++) {
                int bits = data.get(SHORT, block + scalesAt + (long) i * Short.BYTES);
                if ((~bits & (int) (F16_EXPONENTS & 0xffff)) == 0) {
                    return false;
                }
            }
        }
        return true;
    }
}
