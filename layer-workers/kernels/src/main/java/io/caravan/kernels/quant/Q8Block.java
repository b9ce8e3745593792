package io.caravan.kernels.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Q8_0: a half-precision scale d and 32 signed bytes q; an element is d · q. */
final class Q8Block implements QuantisationBlock {
    static final Q8Block INSTANCE = new Q8Block();

    private static final int ELEMENTS = 32;

    private Q8Block() {}

    @Override
    public void dequantise(MemorySegment data, long offset, float[] target, int at) {
        var scale = QuantisationBlock.half(data, offset);
        for (var i = 0; i < ELEMENTS; i++) {
            target[at + i] = scale * data.get(ValueLayout.JAVA_BYTE, offset + 2 + i);
        }
    }

    @Override
    public void quantise(float[] source, int at, MemorySegment data, long offset) {
        var most = 0f;
        for (var i = 0; i < ELEMENTS; i++) {
            most = Math.max(most, Math.abs(source[at + i]));
        }
        var scale = most / 127;
        var inverse = scale == 0 ? 0 : 1 / scale;
        QuantisationBlock.setHalf(data, offset, scale);
        for (var i = 0; i < ELEMENTS; i++) {
            data.set(ValueLayout.JAVA_BYTE, offset + 2 + i, (byte) roundAwayFromZero(source[at + i] * inverse));
        }
    }

    /** C's {@code roundf}. */
    private static int roundAwayFromZero(float value) {
        return (int) Math.copySign(Math.floor(Math.abs((double) value) + 0.5), value);
    }
}
