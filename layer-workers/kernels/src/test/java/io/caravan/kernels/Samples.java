package io.caravan.kernels;

import io.caravan.kernels.scalar.Elements;
import io.caravan.proto.model.TensorType;
import java.util.SplittableRandom;

/** Tensors of random numbers and ways to look at them. */
final class Samples {
    /** The storage formats whose elements stand alone. */
    static final TensorType[] PLAIN = {TensorType.F32, TensorType.F16, TensorType.BF16};

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
