package io.caravan.proto.model;

/**
 * The storage format of a tensor's elements. Beside plain numbers there are GGUF's quantised formats, which store runs of
 * elements of a row together as <em>quantisation blocks</em>: small integers and what scales them.
 */
public enum TensorType {
    F32(1, 4),
    F16(1, 2),
    BF16(1, 2),
    Q8_0(32, 34),
    Q4_0(32, 18),
    Q4_1(32, 20),
    Q5_0(32, 22),
    Q5_1(32, 24),
    IQ4_NL(32, 18),
    Q2_K(256, 84),
    Q3_K(256, 110),
    Q4_K(256, 144),
    Q5_K(256, 176),
    Q6_K(256, 210);

    private final int blockElements;
    private final int blockBytes;

    TensorType(int blockElements, int blockBytes) {
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** Elements of a quantisation block; 1 where elements stand alone. A row is made of whole blocks. */
    public int blockElements() {
        return blockElements;
    }

    /** Bytes of a quantisation block, or of an element that stands alone. */
    public int blockBytes() {
        return blockBytes;
    }

    /** Whether elements are stored in quantisation blocks. */
    public boolean quantised() {
        return blockElements > 1;
    }

    /** Bytes that {@code elementCount} elements take, in whole blocks. */
    public long bytes(long elementCount) {
        return Math.multiplyExact(Math.ceilDiv(elementCount, blockElements), blockBytes);
    }
}
