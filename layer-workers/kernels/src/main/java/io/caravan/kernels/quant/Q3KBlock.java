package io.caravan.kernels.quant;

import java.lang.foreign.MemorySegment;

/**
 * Q3_K: 256 elements in 16 groups of 16. 32 bytes hold the upper bits, that of element i in byte i mod 32 at bit i / 32;
 * 64 bytes the two lower bits, as in Q2_K; twelve bytes the groups' scales of six bits; two a half-precision factor d. An
 * element is d · (s − 32) · (q − 4). The scale of group g has its lower four bits in byte g mod 8, in the upper half from
 * group 8 on, and its upper two in byte 8 + g mod 4 at bit 2 · (g / 4).
 */
final class Q3KBlock implements QuantisationBlock {
    static final Q3KBlock INSTANCE = new Q3KBlock();

    private static final int GROUPS = 16;
    private static final int GROUP = 16;
    private static final int LOWER_AT = 32;
    private static final int SCALES_AT = 96;
    private static final int FACTOR_AT = 108;

    private Q3KBlock() {}

    @Override
    public void dequantise(MemorySegment data, long offset, float[] target, int at) {
        var factor = QuantisationBlock.half(data, offset + FACTOR_AT);
        for (var group = 0; group < GROUPS; group++) {
            var scale = factor * (scale(data, offset + SCALES_AT, group) - 32);
            for (var i = group * GROUP; i < (group + 1) * GROUP; i++) {
                var upper = QuantisationBlock.unsigned(data, offset + (i & 31)) >> (i >> 5) & 1;
                target[at + i] = scale * ((Q2KBlock.twoBits(data, offset + LOWER_AT, i) | upper << 2) - 4);
            }
        }
    }

    private static int scale(MemorySegment data, long offset, int group) {
        var lower = QuantisationBlock.unsigned(data, offset + (group & 7)) >> 4 * (group >> 3) & 15;
        var upper = QuantisationBlock.unsigned(data, offset + 8 + (group & 3)) >> 2 * (group >> 2) & 3;
        return lower | upper << 4;
    }

    @Override
    public void quantise(float[] source, int at, MemorySegment data, long offset) {
        throw QuantisationBlock.readOnly("Q3_K");
    }
}
