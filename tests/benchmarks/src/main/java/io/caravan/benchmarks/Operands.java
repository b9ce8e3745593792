package io.caravan.benchmarks;

import io.caravan.kernels.Device;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/** Tensors to compute with. */
final class Operands {
    private Operands() {}

    /** Numbers of [-1, 1), the same at every call with the same shape. */
    static Tensor random(Device device, TensorType type, long rows, long columns) {
        var tensor = device.allocate(type, rows, columns);
        var random = new SplittableRandom(rows * 31 + columns);
        for (var i = 0L; i < rows * columns; i++) {
            var value = (float) random.nextDouble(-1, 1);
            switch (type) {
                case F32 -> tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
                case F16 -> tensor.data().setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
                case BF16 ->
                    tensor.data().setAtIndex(ValueLayout.JAVA_SHORT, i, (short)
                            (Float.floatToRawIntBits(value) >>> Short.SIZE));
                default -> throw new IllegalArgumentException("operands are not quantised");
            }
        }
        return tensor;
    }

    /** F32, all elements {@code value}. */
    static Tensor filled(Device device, long rows, long columns, float value) {
        var tensor = device.allocate(TensorType.F32, rows, columns);
        for (var i = 0L; i < rows * columns; i++) {
            tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        }
        return tensor;
    }
}
