package io.caravan.worker;

import io.caravan.kernels.Device;
import io.caravan.kernels.HostDevice;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.model.TensorType;
import java.util.concurrent.TimeUnit;

/**
 * Measures what a worker can do. Decoding one sequence reads every weight once a token, so the speed that matters is that
 * of a matrix times a vector over weights that no cache holds.
 */
final class WorkerProbe {
    private static final int COLUMNS = 4096;
    private static final int ROWS = 4096; // 64 MiB of F32
    private static final long LONGEST_NS = TimeUnit.MILLISECONDS.toNanos(400);
    private static final int MAX_PASSES = 16;

    private WorkerProbe() {}

    /** What a process with these settings can do; takes up to half a second of all its threads. */
    static WorkerInfo measure(WorkerSettings settings, String address) {
        try (var device = HostDevice.open(settings.kernels(), settings.threads())) {
            return new WorkerInfo(
                    address,
                    settings.name(),
                    settings.version(),
                    ProcessHandle.current().pid(),
                    settings.threads(),
                    settings.memoryBytes(),
                    bandwidthBytesPerSecond(device),
                    device.name());
        }
    }

    /** The best of a few passes: what disturbs one is not the worker's own speed. */
    private static long bandwidthBytesPerSecond(Device device) {
        var weights = device.allocate(TensorType.F32, ROWS, COLUMNS);
        var in = device.allocate(TensorType.F32, 1, COLUMNS);
        var out = device.allocate(TensorType.F32, 1, ROWS);
        long bestNs = Long.MAX_VALUE;
        long startNs = System.nanoTime();
        for (int pass = 0; pass < MAX_PASSES && System.nanoTime() - startNs < LONGEST_NS; pass++) {
            long passNs = System.nanoTime();
            device.kernels().matmul(out, in, weights, 1);
            device.synchronize();
            bestNs = Math.min(bestNs, System.nanoTime() - passNs);
        }
        return weights.byteSize() * TimeUnit.SECONDS.toNanos(1) / Math.max(1, bestNs);
    }

    /** Runs {@code task} on a daemon thread, so that no dispatcher waits for it. */
    static void onThreadOfItsOwn(Runnable task) {
        Thread.ofPlatform().daemon().name("worker-probe").start(task);
    }
}
