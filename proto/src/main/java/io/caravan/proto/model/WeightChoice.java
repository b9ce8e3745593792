package io.caravan.proto.model;

/** In which format a stage is asked to keep the weights of its matrix products. */
public enum WeightChoice {
    /** As the checkpoint stores them. */
    AS_STORED,
    BF16,
    Q8_0,
    Q4_0,
    Q4_K,
    Q6_K;

    /** The format for weights that are stored as {@code stored}. */
    public TensorType of(TensorType stored) {
        return switch (this) {
            case AS_STORED -> stored;
            case BF16 -> TensorType.BF16;
            case Q8_0 -> TensorType.Q8_0;
            case Q4_0 -> TensorType.Q4_0;
            case Q4_K -> TensorType.Q4_K;
            case Q6_K -> TensorType.Q6_K;
        };
    }

    /**
     * The format for rows of {@code columns} weights: where they are not whole quantisation blocks of the chosen format, those
     * of 32 are taken, or the weights stay as they are.
     */
    public TensorType of(TensorType stored, long columns) {
        TensorType chosen = of(stored);
        if (columns % chosen.blockElements() == 0) {
            return chosen;
        }
        return columns % TensorType.Q8_0.blockElements() == 0 ? TensorType.Q8_0 : stored;
    }
}
