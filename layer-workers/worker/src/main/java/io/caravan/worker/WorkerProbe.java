package io.caravan.worker;

import io.caravan.kernels.Bandwidth;
import io.caravan.kernels.HostDevice;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.Bf16Storage;
import java.util.concurrent.CompletableFuture;

/**
 * What is known of this process's kernels.
 *
 * @param bytesPerSecond of weights that they read
 * @param kernels provider and path
 */
public record WorkerProbe(long bytesPerSecond, String kernels) {

    /**
     * Measures, where the settings do not say it, on a thread of its own. A process begins with this: loading the kernels takes some tenths of a second, in
     * which the actors can start.
     */
    public static CompletableFuture<WorkerProbe> begin(WorkerSettings settings) {
        return CompletableFuture.supplyAsync(() -> measure(settings), WorkerProbe::onThreadOfItsOwn);
    }

    private static WorkerProbe measure(WorkerSettings settings) {
        try (var device = HostDevice.open(
                settings.kernels(),
                settings.threads(),
                ActivationChoice.AUTO,
                Bf16Storage.SIXTEEN_BITS,
                settings.cpus())) {
            long bytesPerSecond =
                    settings.bandwidth() > 0 ? settings.bandwidth() : Bandwidth.measureBytesPerSecond(device);
            return new WorkerProbe(bytesPerSecond, device.name());
        }
    }

    /** What the worker at {@code address} tells of itself. */
    WorkerInfo info(WorkerSettings settings, String address) {
        return new WorkerInfo(
                address,
                settings.name(),
                settings.version(),
                ProcessHandle.current().pid(),
                settings.threads(),
                settings.memoryBytes(),
                bytesPerSecond,
                kernels);
    }

    private static void onThreadOfItsOwn(Runnable task) {
        Thread.ofPlatform().daemon().name("worker-probe").start(task);
    }
}
