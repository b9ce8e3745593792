package io.caravan.worker;

import io.caravan.kernels.Bandwidth;
import io.caravan.kernels.HostDevice;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.model.ActivationChoice;

/** Measures what a worker can do. */
final class WorkerProbe {
    private WorkerProbe() {}

    /** What a process with these settings can do; takes about a fifth of a second of all its threads. */
    static WorkerInfo measure(WorkerSettings settings, String address) {
        try (var device =
                HostDevice.open(settings.kernels(), settings.threads(), ActivationChoice.AUTO, settings.cpus())) {
            return new WorkerInfo(
                    address,
                    settings.name(),
                    settings.version(),
                    ProcessHandle.current().pid(),
                    settings.threads(),
                    settings.memoryBytes(),
                    Bandwidth.measureBytesPerSecond(device),
                    device.name());
        }
    }

    /** Runs {@code task} on a daemon thread, so that no dispatcher waits for it. */
    static void onThreadOfItsOwn(Runnable task) {
        Thread.ofPlatform().daemon().name("worker-probe").start(task);
    }
}
