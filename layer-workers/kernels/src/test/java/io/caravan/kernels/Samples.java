package io.caravan.kernels;

import io.caravan.kernels.scalar.Elements;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Tensors of random numbers and ways to look at them. */
final class Samples {
    /** The storage formats whose elements stand alone. */
    static final TensorType[] PLAIN = {TensorType.F32, TensorType.F16, TensorType.BF16};

    /** The others. */
    static final TensorType[] QUANTISED =
            Stream.of(TensorType.values()).filter(TensorType::quantised).toArray(TensorType[]::new);

    /** What keys and values are kept as. */
    static final List<TensorType> CACHED = List.of(TensorType.F32, TensorType.F16, TensorType.Q8_0);

    /** Both. */
    static final List<TensorType> ALL =
            Stream.concat(Stream.of(PLAIN), Stream.of(QUANTISED)).toList();

    private Samples() {}

    /** Numbers of about [-1, 1] from {@code seed}. */
    static Tensor random(Device device, TensorType type, long rows, long columns, long seed) {
        var tensor = device.allocate(type, rows, columns);
        var random = new SplittableRandom(seed);
        for (var i = 0L; i < rows * columns; i++) {
            Elements.set(tensor, i, (float) random.nextDouble(-1, 1));
        }
        return tensor;
    }

    /** As {@link #random}, of any type, made for products. */
    static Tensor weights(Device device, TensorType type, long rows, long columns, long seed) {
        var data = Arena.ofAuto().allocate(type.bytes(rows * columns), 64);
        if (type.quantised()) {
            fill(type, data, seed);
        } else {
            MemorySegment.copy(random(device, type, rows, columns, seed).data(), 0, data, 0, data.byteSize());
        }
        return device.weights(type, rows, columns, data);
    }

    /** Random bytes are a block of any format, but its half-precision numbers, the scales, should be small. */
    private static void fill(TensorType type, MemorySegment data, long seed) {
        var random = new SplittableRandom(seed);
        for (var i = 0L; i < data.byteSize(); i++) {
            data.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
        }
        for (var block = 0L; block < data.byteSize(); block += type.blockBytes()) {
            for (var at : scalesOf(type)) {
                var scale = (float) random.nextDouble(-1, 1) / (type.blockElements() == 32 ? 64 : 1024);
                data.set(ValueLayout.JAVA_SHORT_UNALIGNED, block + at, Float.floatToFloat16(scale));
            }
        }
    }

    private static int[] scalesOf(TensorType type) {
        return switch (type) {
            case Q8_0, Q4_0, Q5_0, IQ4_NL -> new int[] {0};
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
            case Q2_K -> new int[] {80, 82};
            case Q3_K -> new int[] {108};
            case Q6_K -> new int[] {208};
            case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no scales");
        };
    }

    /** A copy of {@code source} on {@code device}. */
    static Tensor copy(Device device, Tensor source) {
        var copy = device.allocate(source.type(), source.rows(), source.columns());
        device.write(copy, source.data(), source.byteSize());
        return copy;
    }

    static float[] floats(Tensor tensor) {
        var floats = new float[Math.toIntExact(tensor.rows() * tensor.columns())];
        for (var i = 0; i < floats.length; i++) {
            floats[i] = Elements.get(tensor, i);
        }
        return floats;
    }

    /** The bits of the rows [from, to). */
    static int[] bits(Tensor tensor, int from, int to) {
        var width = Math.toIntExact(tensor.columns());
        var bits = new int[(to - from) * width];
        for (var i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(Elements.get(tensor, (long) from * width + i));
        }
        return bits;
    }
}
