package io.caravan.kernels.nativelib;

import io.caravan.proto.model.TensorType;
import java.util.Optional;

/**
 * The formats that there are native kernels for, in the order of {@code enum file} in {@code pack.c}, and the product of the
 * layout that each is packed into.
 */
enum Kind {
    F32(Product.F32),
    F16(Product.F16),
    BF16(Product.BF16),
    Q8_0(Product.Q8_0),
    Q4_0(Product.Q4_0),
    Q4_K(Product.Q4_K),
    Q6_K(Product.Q6_K),
    Q3_K(Product.Q6_K),
    Q5_0(Product.Q8_0),
    IQ4_NL(Product.Q8_0),
    Q4_1(Product.BYTES),
    Q5_1(Product.BYTES),
    Q5_K(Product.BYTES);

    /** The matrix products. */
    enum Product {
        F32,
        F16,
        BF16,
        Q8_0,
        Q4_0,
        Q4_K,
        Q6_K,
        BYTES
    }

    private final Product product;

    Kind(Product product) {
        this.product = product;
    }

    Product product() {
        return product;
    }

    static Optional<Kind> of(TensorType type) {
        return switch (type) {
            case F32 -> Optional.of(F32);
            case F16 -> Optional.of(F16);
            case BF16 -> Optional.of(BF16);
            case Q8_0 -> Optional.of(Q8_0);
            case Q4_0 -> Optional.of(Q4_0);
            case Q4_K -> Optional.of(Q4_K);
            case Q6_K -> Optional.of(Q6_K);
            case Q3_K -> Optional.of(Q3_K);
            case Q5_0 -> Optional.of(Q5_0);
            case IQ4_NL -> Optional.of(IQ4_NL);
            case Q4_1 -> Optional.of(Q4_1);
            case Q5_1 -> Optional.of(Q5_1);
            case Q5_K -> Optional.of(Q5_K);
            case Q2_K -> Optional.empty();
        };
    }
}
