package io.caravan.kernels;

import io.caravan.kernels.quant.StoredFloats;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Weights that are brought into another format while they are read, piece by piece, so that no second copy of a matrix is
 * ever whole.
 */
public final class ConvertedRows implements WeightRows {
    private final StoredRows stored;
    private final TensorType type;
    private final ThreadLocal<MemorySegment> piece = ThreadLocal.withInitial(() -> MemorySegment.NULL);

    public ConvertedRows(StoredRows stored, TensorType type) {
        this.stored = stored;
        this.type = type;
        if (stored.columns() % type.blockElements() != 0) {
            throw new IllegalArgumentException("rows of " + stored.columns() + " are not whole blocks of " + type);
        }
    }

    @Override
    public TensorType type() {
        return type;
    }

    @Override
    public long rows() {
        return stored.rows();
    }

    @Override
    public long columns() {
        return stored.columns();
    }

    @Override
    public MemorySegment source() {
        return stored.data();
    }

    @Override
    public MemorySegment rows(long from, long to) {
        var rowBytes = type.bytes(columns());
        var target = piece.get();
        if (target.byteSize() < (to - from) * rowBytes) {
            target = Arena.ofAuto().allocate((to - from) * rowBytes, 64);
            piece.set(target);
        }
        var floats = new float[Math.toIntExact(columns())];
        for (var row = from; row < to; row++) {
            StoredFloats.read(stored.type(), stored.rows(row, row + 1), 0, floats);
            Quantiser.write(type, floats, target, (row - from) * rowBytes);
        }
        return target.asSlice(0, (to - from) * rowBytes);
    }
}
