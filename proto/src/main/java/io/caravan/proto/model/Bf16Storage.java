package io.caravan.proto.model;

/** In how many bits the BF16 weights of matrix products lie in memory. No bit of an answer depends on it. */
public enum Bf16Storage {
    /** In twelve where nothing is lost by it, which is so with trained weights: a matrix of other numbers stays as it is. */
    TWELVE_BITS,
    /** All in sixteen. */
    SIXTEEN_BITS;

    /** How people are told of weights in twelve bits. */
    public static final String PACKED_FORM = "BF16 in 12 bits";

    /**
     * Bytes that matrices with {@code count} weights of {@code type} take, at most where each is packed so: the plan counts on that, because
     * whether it is shows only when all of a matrix was read.
     */
    public long bytes(TensorType type, long count) {
        // twelve bits, and a patch of four bytes for one weight in a thousand
        return this == TWELVE_BITS && type == TensorType.BF16 ? count + count / 2 + count / 250 : type.bytes(count);
    }

    /** What {@link #bytes} counts, with its format. */
    public HeldWeights held(TensorType type, long count) {
        boolean packed = this == TWELVE_BITS && type == TensorType.BF16;
        return new HeldWeights(bytes(type, count), packed ? PACKED_FORM : type.toString());
    }

    /** @throws IllegalArgumentException where there is no such storage; says which there are */
    public static Bf16Storage ofBits(int bits) {
        return switch (bits) {
            case 12 -> TWELVE_BITS;
            case 16 -> SIXTEEN_BITS;
            default -> throw new IllegalArgumentException("BF16 weights are kept in 12 or 16 bits, not in " + bits);
        };
    }
}
