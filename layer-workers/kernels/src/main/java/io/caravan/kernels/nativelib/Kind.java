package io.caravan.kernels.nativelib;

import io.caravan.proto.model.TensorType;
import java.util.Optional;

/** The weights that there are native kernels for, in the order of {@code enum kind} in {@code layout.h}. */
enum Kind {
    F32,
    F16,
    BF16,
    Q8_0,
    Q4_0,
    Q4_K;

    static Optional<Kind> of(TensorType type) {
        return switch (type) {
            case F32 -> Optional.of(F32);
            case F16 -> Optional.of(F16);
            case BF16 -> Optional.of(BF16);
            case Q8_0 -> Optional.of(Q8_0);
            case Q4_0 -> Optional.of(Q4_0);
            case Q4_K -> Optional.of(Q4_K);
            case Q4_1, Q5_0, Q5_1, IQ4_NL, Q2_K, Q3_K, Q5_K, Q6_K -> Optional.empty();
        };
    }
}
