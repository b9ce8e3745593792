package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.LANES;

import io.caravan.kernels.quant.QuantisationBlock;
import io.caravan.kernels.quant.StoredFloats;
import io.caravan.proto.model.TensorType;

/** Runs of elements from one storage format to another. */
final class Convert {
    private Convert() {}

    /** Writes {@code count} elements at the address {@code source} to {@code target[at...]}, exactly. */
    static void toFloats(TensorType type, long source, float[] target, int at, int count) {
        switch (type) {
            case F32 -> Memory.copy(source, target, at, count);
            case F16 -> fromFloat16(source, target, at, count);
            case BF16 -> fromBfloat16(source, target, at, count);
            default -> dequantise(type, source, target, at, count);
        }
    }

    /** Writes {@code count} elements at the address {@code source}, whole vectors, as floats to {@code target}, exactly. */
    static void toFloats(TensorType type, long source, long target, int count) {
        switch (type) {
            case F32 -> Memory.copy(source, target, (long) count * Float.BYTES);
            case F16 -> {
                for (var i = 0; i < count; i += LANES) {
                    Memory.store(Memory.loadFloat16(source + 2L * i), target + 4L * i);
                }
            }
            case BF16 -> {
                for (var i = 0; i < count; i += LANES) {
                    Memory.store(Memory.loadBfloat16(source + 2L * i), target + 4L * i);
                }
            }
            default -> throw new IllegalArgumentException(type + " is widened into arrays");
        }
    }

    private static void fromBfloat16(long source, float[] target, int at, int count) {
        var whole = count - count % LANES;
        for (var i = 0; i < whole; i += LANES) {
            Memory.loadBfloat16(source + 2L * i).intoArray(target, at + i);
        }
        tail(TensorType.BF16, source, target, at, whole, count);
    }

    private static void fromFloat16(long source, float[] target, int at, int count) {
        var whole = count - count % LANES;
        for (var i = 0; i < whole; i += LANES) {
            Memory.loadFloat16(source + 2L * i).intoArray(target, at + i);
        }
        tail(TensorType.F16, source, target, at, whole, count);
    }

    private static void tail(TensorType type, long source, float[] target, int at, int from, int count) {
        for (var i = from; i < count; i++) {
            target[at + i] = Memory.get(type, source + 2L * i);
        }
    }

    /** Writes {@code count} floats at {@code source} to {@code target}, in whole blocks where the type has them. */
    static void fromFloats(TensorType type, long source, long target, int count) {
        switch (type) {
            case F32 -> Memory.copy(source, target, (long) count * Float.BYTES);
            case F16 -> {
                for (var i = 0; i < count; i++) {
                    Memory.setFloat16(target + 2L * i, Memory.getFloat(source + 4L * i));
                }
            }
            default -> {
                var floats = new float[Math.ceilDiv(count, type.blockElements()) * type.blockElements()];
                Memory.copy(source, floats, 0, count);
                StoredFloats.write(type, floats, Memory.ALL, target);
            }
        }
    }

    /** Whole quantisation blocks. */
    private static void dequantise(TensorType type, long source, float[] target, int at, int count) {
        var block = QuantisationBlock.of(type);
        for (var i = 0; i < count; i += type.blockElements()) {
            block.dequantise(Memory.ALL, source + type.bytes(i), target, at + i);
        }
    }
}
