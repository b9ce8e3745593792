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

    /** Time until the kernels are compiled, and time that is measured. */
    private static final long WARM_UP_NS = 80_000_000;

    private static final long MEASURE_NS = 100_000_000;

    private Bandwidth() {}

    /**
     * Bytes of BF16 weights that {@code device} multiplies with one row in a second; takes about 0.2 s, and memory that the
     * device gives back when it is closed.
     */
    public static long measureBytesPerSecond(Device device) {
        try (var arena = Arena.ofShared()) {
            var sliceBytes = TensorType.BF16.bytes((long) SLICE_ROWS * COLUMNS);
            var weights = arena.allocate(SLICES * sliceBytes, 64);
            var x = device.weights(TensorType.F32, 1, COLUMNS, arena.allocate(COLUMNS * 4L, 64));
            var out = device.weights(TensorType.F32, 1, SLICE_ROWS, arena.allocate(SLICE_ROWS * 4L, 64));
            var slices = new Tensor[SLICES];
            for (var i = 0; i < SLICES; i++) {
                slices[i] = device.weights(
                        TensorType.BF16, SLICE_ROWS, COLUMNS, weights.asSlice(i * sliceBytes, sliceBytes));
            }
            read(device, out, x, slices, WARM_UP_NS);
            return read(device, out, x, slices, MEASURE_NS);
        }
    }

    /**
     * Multiplies slice after slice for {@code durationNs} and at least once; returns bytes per second of the fastest: what else
     * runs, as workers that start beside this one, only ever slows one down, and layers are dealt out by this number.
     */
    private static long read(Device device, Tensor out, Tensor x, Tensor[] slices, long durationNs) {
        var startNs = System.nanoTime();
        var fastest = 0.0;
        for (var i = 0; i == 0 || System.nanoTime() - startNs < durationNs; i++) {
            var slice = slices[i % slices.length];
            var sliceStartNs = System.nanoTime();
            device.kernels().matmul(out, x, slice, 1);
            device.synchronize();
            fastest = Math.max(fastest, slice.byteSize() * 1e9 / Math.max(1, System.nanoTime() - sliceStartNs));
        }
        return (long) fastest;
    }
}
