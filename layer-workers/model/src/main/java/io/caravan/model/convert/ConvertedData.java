package io.caravan.model.convert;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.PlannedTensor;
import io.caravan.formats.TensorData;
import io.caravan.formats.WeightView;
import io.caravan.kernels.Quantiser;
import io.caravan.kernels.quant.StoredFloats;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import java.util.stream.IntStream;

/**
 * A checkpoint's weights in other types, computed by all processors, a few megabytes at a time. What keeps its type keeps
 * its bits.
 */
public final class ConvertedData implements TensorData {
    private static final long BATCH_BYTES = 4L << 20;

    private final Checkpoint checkpoint;
    private final LongConsumer written;

    /** @param written told how many bytes were written since the last call */
    public ConvertedData(Checkpoint checkpoint, LongConsumer written) {
        this.checkpoint = checkpoint;
        this.written = written;
    }

    @Override
    public void write(PlannedTensor tensor, LongUnaryOperator order, WritableByteChannel channel) throws IOException {
        WeightView source = tensor.slot().in(checkpoint);
        int columns = tensor.columns();
        long rowBytes = tensor.type().bytes(columns);
        int batch = Math.toIntExact(Math.clamp(BATCH_BYTES / rowBytes, 1, tensor.rows()));
        try (Arena arena = Arena.ofShared()) {
            MemorySegment target = arena.allocate(batch * rowBytes);
            for (long first = 0; first < tensor.rows(); first += batch) {
                long begin = first;
                int rows = (int) Math.min(batch, tensor.rows() - first);
                IntStream.range(0, rows).parallel().forEach(i -> {
                    long row = order.applyAsLong(begin + i);
                    convert(source, row, columns, tensor, target.asSlice(i * rowBytes, rowBytes));
                });
                ByteBuffer bytes = target.asSlice(0, rows * rowBytes).asByteBuffer();
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                written.accept(rows * rowBytes);
            }
        }
    }

    private static void convert(WeightView source, long row, int columns, PlannedTensor tensor, MemorySegment target) {
        long rowBytes = source.type().bytes(columns);
        MemorySegment stored = source.data().asSlice(row * rowBytes, rowBytes);
        if (source.type() == tensor.type()) {
            target.copyFrom(stored);
        } else {
            float[] floats = new float[columns];
            StoredFloats.read(source.type(), stored, 0, floats);
            Quantiser.write(tensor.type(), floats, target, 0);
        }
    }
}
