package io.caravan.model;

import io.caravan.kernels.Layout;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.HeldWeights;
import java.util.List;

/** Tells what a stage's tensors are in memory. */
final class HeldTensors {
    private HeldTensors() {}

    static HeldWeights describe(List<Tensor> tensors) {
        return HeldWeights.together(tensors.stream().map(HeldTensors::describe).toList());
    }

    private static HeldWeights describe(Tensor tensor) {
        boolean packed = tensor.layout() == Layout.TWELVE_BITS;
        return new HeldWeights(
                tensor.byteSize(),
                packed ? Bf16Storage.PACKED_FORM : tensor.type().toString());
    }
}
