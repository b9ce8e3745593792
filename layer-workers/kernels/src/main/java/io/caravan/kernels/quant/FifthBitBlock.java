package io.caravan.kernels.quant;

import java.lang.foreign.MemorySegment;

/**
 * Q4_1, Q5_0 and Q5_1: a half-precision scale d, in the formats that end in 1 a half-precision minimum m, in those of
 * five bits the 32 fifth bits, then pairs of four bits. Byte i of these holds element i in its lower and element 16 + i in
 * its upper half; bit i of the fifth bits belongs to element i. An element is d · q + m, or d · (q − 16) in Q5_0.
 */
record FifthBitBlock(boolean fifthBit, boolean minimum) implements QuantisationBlock {
    static final FifthBitBlock Q4_1 = new FifthBitBlock(false, true);
    static final FifthBitBlock Q5_0 = new FifthBitBlock(true, false);
    static final FifthBitBlock Q5_1 = new FifthBitBlock(true, true);

    private static final int HALF = 16;

    @Override
    public void dequantise(MemorySegment data, long offset, float[] target, int at) {
        var scale = QuantisationBlock.half(data, offset);
        var least = minimum
                ? QuantisationBlock.half(data, offset + 2)
                : -0f; // adding −0 changes nothing, not even a zero's sign
        var zero = minimum ? 0 : 16;
        var bitsAt = offset + (minimum ? 4 : 2);
        var fifth = fifthBit ? data.get(Layouts.INT, bitsAt) : 0;
        var pairsAt = bitsAt + (fifthBit ? 4 : 0);
        for (var i = 0; i < HALF; i++) {
            var pair = QuantisationBlock.unsigned(data, pairsAt + i);
            target[at + i] = scale * ((pair & 15 | (fifth >>> i & 1) << 4) - zero) + least;
            target[at + HALF + i] = scale * ((pair >> 4 | (fifth >>> HALF + i & 1) << 4) - zero) + least;
        }
    }

    @Override
    public void quantise(float[] source, int at, MemorySegment data, long offset) {
        throw QuantisationBlock.readOnly(minimum ? fifthBit ? "Q5_1" : "Q4_1" : "Q5_0");
    }
}
