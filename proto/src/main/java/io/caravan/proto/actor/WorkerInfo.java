package io.caravan.proto.actor;

/**
 * What a worker can do, measured by itself.
 *
 * @param address the worker's actor system, as Cluster knows it
 * @param name what people call it
 * @param version of Caravan; a pipeline takes workers of its own version only
 * @param memoryBytes that all stages on it may take together for weights and blocks, those it has included
 * @param bandwidthBytesPerSecond measured speed of reading weights, which decides how fast it decodes
 * @param kernels provider and CPU path, as {@code vector/avx2}
 */
public record WorkerInfo(
        String address,
        String name,
        String version,
        long pid,
        int threadCount,
        long memoryBytes,
        long bandwidthBytesPerSecond,
        String kernels)
        implements CaravanMessage {

    /** How the names of kernels compiled from C begin. */
    public static final String NATIVE = "native/";

    /** Whether its kernels can have BF16 weights in twelve bits: those of C, of any CPU path. */
    public boolean packsBf16() {
        return kernels.startsWith(NATIVE);
    }

    /** The same worker, counted on for another speed of reading weights. */
    public WorkerInfo withBandwidth(long bytesPerSecond) {
        return new WorkerInfo(address, name, version, pid, threadCount, memoryBytes, bytesPerSecond, kernels);
    }
}
