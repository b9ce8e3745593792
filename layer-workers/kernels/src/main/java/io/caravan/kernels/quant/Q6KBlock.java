package io.caravan.kernels.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Q6_K: 256 elements in 16 groups of 16. 128 bytes hold the lower four bits of the numbers q, 64 bytes the upper two, 16
 * signed bytes the groups' scales s, two a half-precision factor d; an element is d · s · (q − 32). Of each half of 128
 * elements, element i has its lower bits in byte i mod 64, in its upper half from element 64 on, and its upper bits in
 * byte i mod 32 at bit 2 · (i / 32).
 */
final class Q6KBlock implements QuantisationBlock {
    static final Q6KBlock INSTANCE = new Q6KBlock();

    private static final int ELEMENTS = 256;
    private static final int GROUPS = 16;
    private static final int GROUP = 16;
    private static final int ZERO = 32;

    /** Elements whose bits lie in bytes side by side. */
    private static final int RUN = 32;

    private static final int UPPER_AT = 128;
    private static final int SCALES_AT = 192;
    private static final int FACTOR_AT = 208;

    private Q6KBlock() {}

    @Override
    public void dequantise(MemorySegment data, long offset, float[] target, int at) {
        for (var run = 0; run < ELEMENTS; run += RUN) {
            var lower = lowerAt(offset, run);
            var upper = upperAt(offset, run);
            var lowerShift = lowerShift(run);
            var upperShift = upperShift(run);
            for (var i = 0; i < RUN; i++) {
                var bits = QuantisationBlock.unsigned(data, lower + i) >> lowerShift & 15;
                bits |= (QuantisationBlock.unsigned(data, upper + i) >> upperShift & 3) << 4;
                target[at + run + i] = bits - ZERO;
            }
        }
        var factor = QuantisationBlock.half(data, offset + FACTOR_AT);
        for (var group = 0; group < GROUPS; group++) {
            var scale = factor * data.get(ValueLayout.JAVA_BYTE, offset + SCALES_AT + group);
            for (var i = 0; i < GROUP; i++) {
                target[at + group * GROUP + i] *= scale;
            }
        }
    }

    private static long lowerAt(long offset, int i) {
        return offset + (i >> 7) * 64 + (i & 63);
    }

    private static int lowerShift(int i) {
        return (i >> 6 & 1) * 4;
    }

    private static long upperAt(long offset, int i) {
        return offset + UPPER_AT + (i >> 7) * 32 + (i & 31);
    }

    private static int upperShift(int i) {
        return (i >> 5 & 3) * 2;
    }

    @Override
    public void quantise(float[] source, int at, MemorySegment data, long offset) {
        var scales = new float[GROUPS];
        var extreme = 0f;
        for (var group = 0; group < GROUPS; group++) {
            scales[group] = Fit.scale(source, at + group * GROUP, GROUP, ZERO);
            if (Math.abs(scales[group]) > Math.abs(extreme)) {
                extreme = scales[group];
            }
        }
        data.asSlice(offset, FACTOR_AT).fill((byte) 0);
        QuantisationBlock.setHalf(data, offset + FACTOR_AT, extreme / -128);
        var factor = QuantisationBlock.half(data, offset + FACTOR_AT);
        for (var group = 0; group < GROUPS; group++) {
            var level = factor == 0 ? 0 : Math.clamp((int) Math.rint(scales[group] / factor), -128, 127);
            data.set(ValueLayout.JAVA_BYTE, offset + SCALES_AT + group, (byte) level);
        }
        for (var i = 0; i < ELEMENTS; i++) {
            var scale = factor * data.get(ValueLayout.JAVA_BYTE, offset + SCALES_AT + i / GROUP);
            var level = scale == 0 ? 0 : Math.clamp((int) Math.rint(source[at + i] / scale), -ZERO, ZERO - 1);
            add(data, lowerAt(offset, i), (level + ZERO & 15) << lowerShift(i));
            add(data, upperAt(offset, i), (level + ZERO >> 4) << upperShift(i));
        }
    }

    private static void add(MemorySegment data, long offset, int bits) {
        data.set(ValueLayout.JAVA_BYTE, offset, (byte) (data.get(ValueLayout.JAVA_BYTE, offset) | bits));
    }
}
