package io.caravan.proto.model;

/** The storage format of a tensor's elements. */
public enum TensorType {
    F32(4),
    F16(2),
    BF16(2);

    private final int bytesPerElement;

    TensorType(int bytesPerElement) {
        this.bytesPerElement = bytesPerElement;
    }

    /** Bytes that {@code elementCount} elements take. */
    public long bytes(long elementCount) {
        return Math.multiplyExact(elementCount, bytesPerElement);
    }
}
