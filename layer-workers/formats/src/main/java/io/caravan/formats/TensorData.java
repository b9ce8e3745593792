package io.caravan.formats;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongUnaryOperator;

/** Where a writer of checkpoints gets the weights from. */
@FunctionalInterface
public interface TensorData {

    /**
     * Writes all rows of {@code tensor} in its type, little-endian; {@code order} says which row comes at each place.
     */
    void write(PlannedTensor tensor, LongUnaryOperator order, WritableByteChannel channel) throws IOException;
}
