package io.caravan.kernels;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;

/**
 * Weights as they lie in memory or in a mapped file.
 *
 * @param data [rows, columns], rows back to back, off-heap
 */
public record StoredRows(TensorType type, long rows, long columns, MemorySegment data) implements WeightRows {
    public StoredRows {
        if (!data.isNative()) {
            throw new IllegalArgumentException("weights must lie off-heap or in a mapped file");
        }
        if (columns % type.blockElements() != 0 || data.byteSize() < type.bytes(Math.multiplyExact(rows, columns))) {
            throw new IllegalArgumentException("weights of " + rows + " x " + columns + " " + type + " do not lie in "
                    + data.byteSize() + " bytes");
        }
    }

    @Override
    public MemorySegment source() {
        return data;
    }

    @Override
    public MemorySegment rows(long from, long to) {
        var rowBytes = type.bytes(columns);
        return data.asSlice(from * rowBytes, (to - from) * rowBytes);
    }
}
