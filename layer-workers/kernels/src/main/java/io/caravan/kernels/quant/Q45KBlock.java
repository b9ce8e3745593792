package io.caravan.kernels.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Q4_K and Q5_K: 256 elements in 8 groups of 32. Two half-precision factors d and e, twelve bytes with each group's scale s
 * and minimum m of six bits ({@link SixBitPairs}), in Q5_K 32 bytes of fifth bits (that of element i in byte i mod 32 at bit
 * i / 32), then 128 bytes of four bits: groups 2k and 2k + 1 are the lower and upper halves of bytes 32k ... 32k + 31. An
 * element is d · s · q − e · m.
 */
record Q45KBlock(boolean fifthBit) implements QuantisationBlock {
    static final Q45KBlock Q4_K = new Q45KBlock(false);
    static final Q45KBlock Q5_K = new Q45KBlock(true);

    private static final int GROUPS = 8;
    private static final int GROUP = 32;
    private static final int MOST = 15;
    private static final int PAIRS_AT = 4;
    private static final int BITS_AT = PAIRS_AT + SixBitPairs.BYTES;

    private int levelsAt() {
        return BITS_AT + (fifthBit ? GROUP : 0);
    }

    @Override
    public void dequantise(MemorySegment data, long offset, float[] target, int at) {
        var scaleFactor = QuantisationBlock.half(data, offset);
        var minimumFactor = QuantisationBlock.half(data, offset + 2);
        for (var group = 0; group < GROUPS; group++) {
            var scale = scaleFactor * SixBitPairs.scale(data, offset + PAIRS_AT, group);
            var minimum = minimumFactor * SixBitPairs.minimum(data, offset + PAIRS_AT, group);
            var levels = offset + levelsAt() + (group >> 1) * GROUP;
            for (var i = 0; i < GROUP; i++) {
                var level = QuantisationBlock.unsigned(data, levels + i) >> 4 * (group & 1) & 15;
                if (fifthBit) {
                    level |= (QuantisationBlock.unsigned(data, offset + BITS_AT + i) >> group & 1) << 4;
                }
                target[at + group * GROUP + i] = scale * level - minimum;
            }
        }
    }

    @Override
    public void quantise(float[] source, int at, MemorySegment data, long offset) {
        if (fifthBit) {
            throw QuantisationBlock.readOnly("Q5_K");
        }
        var scales = new float[GROUPS];
        var minima = new float[GROUPS];
        for (var group = 0; group < GROUPS; group++) {
            var line = Fit.line(source, at + group * GROUP, GROUP, MOST);
            scales[group] = line.scale();
            minima[group] = -line.minimum();
        }
        var scaleFactor = factor(data, offset, scales);
        var minimumFactor = factor(data, offset + 2, minima);
        SixBitPairs.set(data, offset + PAIRS_AT, sixBits(scales, scaleFactor), sixBits(minima, minimumFactor));
        for (var group = 0; group < GROUPS; group += 2) {
            var lower = levels(source, at + group * GROUP, data, offset, group);
            var upper = levels(source, at + (group + 1) * GROUP, data, offset, group + 1);
            for (var i = 0; i < GROUP; i++) {
                data.set(ValueLayout.JAVA_BYTE, offset + levelsAt() + (group >> 1) * GROUP + i, (byte)
                        (lower[i] | upper[i] << 4));
            }
        }
    }

    /** Stores what the largest of {@code values} is 63 times of, and gives it as it was stored. */
    private static float factor(MemorySegment data, long offset, float[] values) {
        var largest = 0f;
        for (var value : values) {
            largest = Math.max(largest, value);
        }
        QuantisationBlock.setHalf(data, offset, largest / SixBitPairs.MOST);
        return QuantisationBlock.half(data, offset);
    }

    private static int[] sixBits(float[] values, float factor) {
        var bits = new int[values.length];
        for (var i = 0; i < values.length; i++) {
            bits[i] = factor == 0 ? 0 : Math.clamp((int) Math.rint(values[i] / factor), 0, SixBitPairs.MOST);
        }
        return bits;
    }

    /** The levels of a group's elements for the scale and minimum that were stored. */
    private static int[] levels(float[] source, int at, MemorySegment data, long offset, int group) {
        var scale = QuantisationBlock.half(data, offset) * SixBitPairs.scale(data, offset + PAIRS_AT, group);
        var minimum = QuantisationBlock.half(data, offset + 2) * SixBitPairs.minimum(data, offset + PAIRS_AT, group);
        var levels = new int[GROUP];
        for (var i = 0; i < GROUP && scale != 0; i++) {
            levels[i] = Math.clamp((int) Math.rint((source[at + i] + minimum) / scale), 0, MOST);
        }
        return levels;
    }
}
