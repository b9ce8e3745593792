package io.caravan.kernels;

import io.caravan.kernels.quant.StoredFloats;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.TensorType;

/** In which precision a matrix product reads its activations. Everything between products is F32. */
public enum Activations {
    /** As they are. */
    F32,
    /** Rounded to the nearest BF16, ties to even. */
    BF16,
    /**
     * Blocks of 32 columns, each scaled so that its largest magnitude becomes 127 and rounded to the nearest integers, ties
     * to even. Half a row's last block may be missing.
     */
    INT8;

    /** Columns that share a scale in {@link #INT8}. */
    public static final int BLOCK = 32;

    /** What products with weights of {@code type} read. */
    static Activations of(ActivationChoice choice, TensorType type) {
        return switch (choice) {
            case AUTO -> type.quantised() ? INT8 : F32;
            case F32 -> F32;
            case BF16 -> BF16;
            case INT8 -> INT8;
        };
    }

    /** Writes the {@code count} values of a row to {@code target}, each as the nearest that this precision has. */
    public void round(float[] row, float[] target, int count) {
        switch (this) {
            case F32 -> System.arraycopy(row, 0, target, 0, count);
            case BF16 -> {
                for (var i = 0; i < count; i++) {
                    target[i] = Float.intBitsToFloat(StoredFloats.toBfloat16(row[i]) << Short.SIZE);
                }
            }
            case INT8 -> {
                for (var at = 0; at < count; at += BLOCK) {
                    quantise(row, target, at, Math.min(count, at + BLOCK));
                }
            }
        }
    }

    private static void quantise(float[] row, float[] target, int from, int to) {
        var most = 0f;
        for (var i = from; i < to; i++) {
            most = Math.max(most, Math.abs(row[i]));
        }
        var scale = most / 127f;
        var inverse = scale == 0 ? 0 : 1 / scale;
        for (var i = from; i < to; i++) {
            target[i] = scale * (float) Math.rint(row[i] * inverse);
        }
    }
}
