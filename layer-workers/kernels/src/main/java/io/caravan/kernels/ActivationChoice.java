package io.caravan.kernels;

import io.caravan.proto.model.TensorType;

/** Which precision of activations a worker asks for. */
public enum ActivationChoice {
    /** What is usual for the weights' type: INT8 with quantised weights, F32 with others. */
    AUTO,
    F32,
    BF16,
    INT8;

    Activations with(TensorType weights) {
        return switch (this) {
            case AUTO -> Activations.usualFor(weights);
            case F32 -> Activations.F32;
            case BF16 -> Activations.BF16;
            case INT8 -> Activations.INT8;
        };
    }
}
