package io.caravan.kernels;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;

/**
 * How fast a device reads weights, which is what bounds decoding. It is measured, not known: cores are shared, providers
 * differ, and so do memories.
 */
public final class Bandwidth {

    /** Weights are read in slices of this many rows of {@link #COLUMNS}. */
    private static final int SLICE_ROWS = 1024;

    private static final int COLUMNS = 4096;

    /** More than the caches of most processors together: 8 slices of 8 MiB. */
    private static final int SLICES = 8;

    /** The measurement ends when so many slices in a row were not faster than one before ... */
    private static final int STEADY_SLICES = 2 * SLICES;

    /** ... by more than this. */
    private static final double FASTER = 1.02;

    /** Longest measurement, where kernels of the JVM are compiled meanwhile. */
    private static final long LONGEST_NS = 180_000_000;

    private Bandwidth() {}

    /**
     * Bytes of BF16 weights that {@code device} multiplies with one row in a second; takes less than about 0.2 s, and memory
     * that the device gives back when it is closed.
     */
    public static long measureBytesPerSecond(Device device) {
        try (var arena = Arena.ofShared()) {
            var weights = arena.allocate(TensorType.BF16.bytes((long) SLICE_ROWS * COLUMNS), 64);
            var x = device.weights(TensorType.F32, 1, COLUMNS, arena.allocate(COLUMNS * 4L, 64));
            var out = device.weights(TensorType.F32, 1, SLICE_ROWS, arena.allocate(SLICE_ROWS * 4L, 64));
            var slices = new Tensor[SLICES];
            for (var i = 0; i < SLICES; i++) {
                var apart = device.packedBytes(TensorType.BF16, SLICE_ROWS, COLUMNS) > 0
                        ? weights
                        : arena.allocate(weights.byteSize(), 64);
                slices[i] = device.weights(TensorType.BF16, SLICE_ROWS, COLUMNS, apart);
            }
            return read(device, out, x, slices);
        }
    }

    /**
     * Multiplies slice after slice until that gets no faster; returns bytes per second of the fastest: what else runs, as
     * workers that start beside this one, only ever slows one down, and layers are dealt out by this number.
     */
    private static long read(Device device, Tensor out, Tensor x, Tensor[] slices) {
        var startNs = System.nanoTime();
        var fastest = 0.0;
        var steady = 0;
        for (var i = 0; i == 0 || steady < STEADY_SLICES && System.nanoTime() - startNs < LONGEST_NS; i++) {
            var slice = slices[i % slices.length];
            var sliceStartNs = System.nanoTime();
            device.kernels().matmul(out, x, slice, 1);
            device.synchronize();
            var speed = slice.byteSize() * 1e9 / Math.max(1, System.nanoTime() - sliceStartNs);
            steady = speed > fastest * FASTER ? 0 : steady + 1;
            fastest = Math.max(fastest, speed);
        }
        return (long) fastest;
    }
}
