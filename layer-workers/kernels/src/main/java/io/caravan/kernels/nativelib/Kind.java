package io.caravan.kernels.nativelib;

import io.caravan.proto.model.TensorType;

/**
 * The formats of weights, in the order of {@code enum file} in {@code formats.h}, and the layout that each is packed into.
 */
enum Kind {
    F32(Layout.F32),
    F16(Layout.F16),
    BF16(Layout.BF16),
    Q8_0(Layout.Q8_0),
    Q4_0(Layout.Q4_0),
    Q4_K(Layout.Q4_K),
    Q6_K(Layout.Q6_K),
    Q3_K(Layout.Q6_K),
    Q5_0(Layout.Q8_0),
    IQ4_NL(Layout.Q8_0),
    Q4_1(Layout.BYTES),
    Q5_1(Layout.BYTES),
    Q5_K(Layout.BYTES),
    Q2_K(Layout.Q2_K);

    /** The layouts, in the order of {@code enum kind} in {@code layout.h}. */
    enum Layout {
        F32,
        F16,
        BF16,
        Q8_0,
        Q4_0,
        Q4_K,
        Q6_K,
        Q2_K,
        BYTES
    }

    private final Layout layout;

    Kind(Layout layout) {
        this.layout = layout;
    }

    Layout layout() {
        return layout;
    }

    static Kind of(TensorType type) {
        return switch (type) {
            case F32 -> F32;
            case F16 -> F16;
            case BF16 -> BF16;
            case Q8_0 -> Q8_0;
            case Q4_0 -> Q4_0;
            case Q4_K -> Q4_K;
            case Q6_K -> Q6_K;
            case Q3_K -> Q3_K;
            case Q5_0 -> Q5_0;
            case IQ4_NL -> IQ4_NL;
            case Q4_1 -> Q4_1;
            case Q5_1 -> Q5_1;
            case Q5_K -> Q5_K;
            case Q2_K -> Q2_K;
        };
    }
}
