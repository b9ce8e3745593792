package io.caravan.kernels;

import io.caravan.kernels.quant.QuantisationBlock;
import io.caravan.kernels.scalar.Elements;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Tensors of random numbers and ways to look at them. */
final class Samples {
    /** The storage formats whose elements stand alone. */
    static final TensorType[] PLAIN = {TensorType.F32, TensorType.F16, TensorType.BF16};

    /** The storage formats that weights are quantised to. */
    static final TensorType[] QUANTISED = {TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_K, TensorType.Q6_K};

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

    private static void fill(TensorType type, MemorySegment data, long seed) {
        var random = new SplittableRandom(seed);
        var block = new float[type.blockElements()];
        for (var at = 0L; at < data.byteSize(); at += type.blockBytes()) {
            for (var i = 0; i < block.length; i++) {
                block[i] = (float) random.nextDouble(-1, 1);
            }
            QuantisationBlock.of(type).quantise(block, 0, data, at);
        }
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
