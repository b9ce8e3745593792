package io.caravan.kernels;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;

/** A matrix of weights on its way to a device, in the format in which the device is to have it. Any thread may read it. */
public interface WeightRows {

    TensorType type();

    long rows();

    long columns();

    /** What the rows are read from. */
    MemorySegment source();

    /** The rows [from, to) back to back, off-heap; good until the same thread asks again. */
    MemorySegment rows(long from, long to);

    /** As {@link #rows}, of rows that were given out before and so need no check any more. */
    default MemorySegment rowsAgain(long from, long to) {
        return rows(from, to);
    }
}
