package io.caravan.kernels.quant;

import java.lang.foreign.MemorySegment;

/**
 * Q2_K: 256 elements in 16 groups of 16. Sixteen bytes hold each group's scale s in their lower and its minimum m in their
 * upper half; then come 64 bytes of two-bit numbers q and two half-precision factors d and e. An element is
 * d · s · q − e · m. Element i is in byte 32 · (i / 128) + i mod 32, at bit 2 · (i mod 128 / 32).
 */
final class Q2KBlock implements QuantisationBlock {
    static final Q2KBlock INSTANCE = new Q2KBlock();

    private static final int GROUPS = 16;
    private static final int GROUP = 16;
    private static final int LEVELS_AT = 16;
    private static final int FACTORS_AT = 80;

    private Q2KBlock() {}

    @Override
    public void dequantise(MemorySegment data, long offset, float[] target, int at) {
        var scaleFactor = QuantisationBlock.half(data, offset + FACTORS_AT);
        var minimumFactor = QuantisationBlock.half(data, offset + FACTORS_AT + 2);
        for (var group = 0; group < GROUPS; group++) {
            var both = QuantisationBlock.unsigned(data, offset + group);
            var scale = scaleFactor * (both & 15);
            var minimum = minimumFactor * (both >> 4);
            for (var i = group * GROUP; i < (group + 1) * GROUP; i++) {
                target[at + i] = scale * twoBits(data, offset + LEVELS_AT, i) - minimum;
            }
        }
    }

    @Override
    public void quantise(float[] source, int at, MemorySegment data, long offset) {
        throw QuantisationBlock.readOnly("Q2_K");
    }

    /** Number {@code i} of the 256 two-bit numbers in the 64 bytes at {@code offset}; Q3_K stores its lower bits alike. */
    static int twoBits(MemorySegment data, long offset, int i) {
        return QuantisationBlock.unsigned(data, offset + (i >> 7) * 32 + (i & 31)) >> 2 * (i >> 5 & 3) & 3;
    }
}
