package io.caravan.worker;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The memory that this process may use.
 *
 * @param totalBytes of the container, or of the machine where nothing limits it
 * @param availableBytes of that, not needed by anyone now; caches that can go count as available
 */
record HostMemory(long totalBytes, long availableBytes) {
    private static final Path MEMINFO = Path.of("/proc/meminfo");
    private static final String AVAILABLE = "MemAvailable:";
    private static final double AUTOMATIC_SHARE = 0.8;

    static HostMemory measure() {
        // the bean knows a container's limit; what it calls free leaves out caches, so the kernel's estimate is taken
        var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        long total = system.getTotalMemorySize();
        return new HostMemory(total, Math.min(total, kernelEstimate(total)));
    }

    /** What stages get where nobody says how much. */
    long automaticBytes() {
        return (long) (availableBytes * AUTOMATIC_SHARE);
    }

    private static long kernelEstimate(long otherwise) {
        if (!Files.isReadable(MEMINFO)) {
            return otherwise;
        }
        try (var lines = Files.lines(MEMINFO)) {
            return lines.filter(line -> line.startsWith(AVAILABLE))
                    .map(line ->
                            line.substring(AVAILABLE.length()).replace("kB", "").strip())
                    .map(kibibytes -> Long.parseLong(kibibytes) << 10)
                    .findFirst()
                    .orElse(otherwise);
        } catch (IOException unreadable) {
            return otherwise;
        }
    }
}
