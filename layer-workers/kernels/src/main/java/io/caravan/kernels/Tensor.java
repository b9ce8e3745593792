package io.caravan.kernels;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;

/**
 * A row-major matrix on a device. Only that device's kernels touch its elements.
 *
 * @param data [rows, columns], little-endian, rows back to back; an address in the device's own memory
 * @param layout anything but rows is for the device's provider alone
 */
public record Tensor(Device device, TensorType type, long rows, long columns, MemorySegment data, Layout layout) {
    public Tensor {
        if (columns % type.blockElements() != 0) {
            throw new IllegalArgumentException("rows of " + columns + " are not whole blocks of " + type.blockElements()
                    + " elements, as " + type + " needs");
        }
        if (rows < 1
                || columns < 1
                || layout == Layout.ROWS && data.byteSize() < type.bytes(Math.multiplyExact(rows, columns))) {
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
        this(device, type, rows, columns, data, Layout.ROWS);
    }

    /** Whether it lies otherwise than in rows. */
    public boolean packed() {
        return layout != Layout.ROWS;
    }

    /** Bytes of the elements. */
    public long byteSize() {
        return packed() ? data.byteSize() : type.bytes(rows * columns);
    }

    /** Where the elements begin in the device's memory. */
    public long address() {
        return data.address();
    }
}
