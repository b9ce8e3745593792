package io.caravan.kernels.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Q4_0: a half-precision scale d and 32 numbers q of four bits; an element is d · (q − 8). Byte i holds element i in its
 * lower and element 16 + i in its upper half.
 */
final class Q4Block implements QuantisationBlock {
    static final Q4Block INSTANCE = new Q4Block();

    private static final int HALF = 16;

    private Q4Block() {}

    @Override
    public void dequantise(MemorySegment data, long offset, float[] target, int at) {
        var scale = QuantisationBlock.half(data, offset);
        for (var i = 0; i < HALF; i++) {
            var pair = QuantisationBlock.unsigned(data, offset + 2 + i);
            target[at + i] = scale * ((pair & 15) - 8);
            target[at + HALF + i] = scale * ((pair >> 4) - 8);
        }
    }

    @Override
    public void quantise(float[] source, int at, MemorySegment data, long offset) {
        var extreme = 0f;
        for (var i = 0; i < 2 * HALF; i++) {
            if (Math.abs(source[at + i]) > Math.abs(extreme)) {
                extreme = source[at + i];
            }
        }
        var scale = extreme / -8;
        var inverse = scale == 0 ? 0 : 1 / scale;
        QuantisationBlock.setHalf(data, offset, scale);
        for (var i = 0; i < HALF; i++) {
            var low = level(source[at + i] * inverse);
            var high = level(source[at + HALF + i] * inverse);
            data.set(ValueLayout.JAVA_BYTE, offset + 2 + i, (byte) (low | high << 4));
        }
    }

    private static int level(float scaled) {
        return Math.min(15, (int) (scaled + 8.5f));
    }
}
