package io.caravan.kernels;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;

/**
 * A row-major matrix on a device. Only that device's kernels touch its elements.
 *
 * @param data [rows, columns], little-endian, rows back to back; an address in the device's own memory
 * @param packed whether the rows lie as the device's provider reads them fastest, which nobody else can read
 */
public record Tensor(Device device, TensorType type, long rows, long columns, MemorySegment data, boolean packed) {
    public Tensor {
        if (columns % type.blockElements() != 0) {
            throw new IllegalArgumentException("rows of " + columns + " are not whole blocks of " + type.blockElements()
                    + " elements, as " + type + " needs");
        }
        if (rows < 1 || columns < 1 || !packed && data.byteSize() < type.bytes(Math.multiplyExact(rows, columns))) {
            throw new IllegalArgumentException("a tensor of " + rows + " x " + columns + " " + type
                    + " does not fit in " + data.byteSize() + " bytes");
        }
    }

    /** The same elements in rows of another width. */
    public Tensor inRowsOf(long otherColumns) {
        if (otherColumns < 1 || columns % otherColumns != 0) {
            throw new IllegalArgumentException("rows of " + columns + " are not cut into rows of " + otherColumns);
        }
        return new Tensor(device, type, rows * (columns / otherColumns), otherColumns, data);
    }

    /** A tensor whose rows lie back to back. */
    public Tensor(Device device, TensorType type, long rows, long columns, MemorySegment data) {
        this(device, type, rows, columns, data, false);
    }

    /** Bytes of the elements. */
    public long byteSize() {
        return packed ? data.byteSize() : type.bytes(rows * columns);
    }

    /** Where the elements begin in the device's memory. */
    public long address() {
        return data.address();
    }
}
