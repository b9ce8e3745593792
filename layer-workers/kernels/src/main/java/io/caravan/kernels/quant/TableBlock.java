package io.caravan.kernels.quant;

import java.lang.foreign.MemorySegment;

/**
 * IQ4_NL: a half-precision scale d and 32 numbers q of four bits that choose from a table of levels, closer together
 * around zero; an element is d · level[q]. Byte i holds element i in its lower and element 16 + i in its upper half.
 */
final class TableBlock implements QuantisationBlock {
    static final TableBlock INSTANCE = new TableBlock();

    private static final int HALF = 16;
    private static final int[] LEVELS = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    private TableBlock() {}

    @Override
    public void dequantise(MemorySegment data, long offset, float[] target, int at) {
        var scale = QuantisationBlock.half(data, offset);
        for (var i = 0; i < HALF; i++) {
            var pair = QuantisationBlock.unsigned(data, offset + 2 + i);
            target[at + i] = scale * LEVELS[pair & 15];
            target[at + HALF + i] = scale * LEVELS[pair >> 4];
        }
    }

    @Override
    public void quantise(float[] source, int at, MemorySegment data, long offset) {
        throw QuantisationBlock.readOnly("IQ4_NL");
    }
}
