package io.caravan.cli.cluster;

import java.lang.management.ManagementFactory;

/**
 * What a worker of a local cluster may take where nobody says how much.
 *
 * <p>Workers on one machine share its memory: what one takes, another lacks. So a worker gets its part of the machine, and
 * no more than it could use if it were the last one left: the whole model, twice, since a stage that moves is there twice for
 * a moment.
 */
final class WorkerMemory {
    private static final double MACHINE_SHARE = 0.8;
    private static final int COPIES = 2;

    private WorkerMemory() {}

    /** Bytes for each of {@code workers} that serve a model which takes {@code modelBytes} with its keys and values. */
    static long bytes(long modelBytes, int workers) {
        return bytes(modelBytes, workers, machineBytes());
    }

    static long bytes(long modelBytes, int workers, long machineBytes) {
        return Math.min((long) (machineBytes * MACHINE_SHARE) / Math.max(1, workers), COPIES * modelBytes);
    }

    /** Of the container, or of the machine where nothing limits it. */
    private static long machineBytes() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getTotalMemorySize();
    }
}
