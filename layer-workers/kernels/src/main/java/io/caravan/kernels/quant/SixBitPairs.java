package io.caravan.kernels.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Eight scales and eight minima of six bits in twelve bytes, as Q4_K and Q5_K store them. Bytes 0 ... 3 hold scales 0 ... 3 and
 * bytes 4 ... 7 minima 0 ... 3 in their lower six bits; bytes 8 ... 11 the lower four bits of scales 4 ... 7 and, in their upper
 * halves, of minima 4 ... 7, whose upper two bits are the upper bits of bytes 0 ... 3 and 4 ... 7.
 */
final class SixBitPairs {
    static final int BYTES = 12;
    static final int MOST = 63;

    private SixBitPairs() {}

    static int scale(MemorySegment data, long offset, int group) {
        return group < 4 ? QuantisationBlock.unsigned(data, offset + group) & 63 : joined(data, offset, group, 0);
    }

    static int minimum(MemorySegment data, long offset, int group) {
        return group < 4 ? QuantisationBlock.unsigned(data, offset + 4 + group) & 63 : joined(data, offset, group, 4);
    }

    /** The lower bits at bit {@code half} (0 or 4) of a byte of the last four, the upper ones {@code half} bytes on. */
    private static int joined(MemorySegment data, long offset, int group, int half) {
        var lower = QuantisationBlock.unsigned(data, offset + 4 + group) >> half & 15;
        return lower | QuantisationBlock.unsigned(data, offset + half + group - 4) >> 6 << 4;
    }

    static void set(MemorySegment data, long offset, int[] scales, int[] minima) {
        for (var i = 0; i < 4; i++) {
            setByte(data, offset + i, scales[i] | scales[i + 4] >> 4 << 6);
            setByte(data, offset + 4 + i, minima[i] | minima[i + 4] >> 4 << 6);
            setByte(data, offset + 8 + i, scales[i + 4] & 15 | (minima[i + 4] & 15) << 4);
        }
    }

    private static void setByte(MemorySegment data, long offset, int value) {
        data.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
    }
}
