package io.caravan.worker;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import io.caravan.kernels.CpuList;
import io.caravan.kernels.KernelChoice;
import io.caravan.model.cache.WeightCache;
import io.caravan.proto.link.IdleStrategies;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/**
 * What a worker is told by its configuration; the keys of {@code caravan.worker}, with {@code caravan.version} and {@code
 * caravan.transport.idle}.
 *
 * @param version of Caravan
 * @param name what people call the worker
 * @param threads that compute each stage
 * @param cpus that these threads are pinned to
 * @param memoryBytes for everything that its stages hold together
 * @param bandwidth bytes a second of weights that its kernels are taken to read; 0: it is measured
 * @param models folder to look for models in; empty for none
 * @param cache of packed weights
 * @param idle name of what a stage's thread does when it has nothing to do ({@link IdleStrategies})
 * @param memoryWait longest wait for memory that another stage gives back
 * @param stopTimeout longest wait for stages to give everything back when the process ends
 */
public record WorkerSettings(
        String version,
        String name,
        int threads,
        CpuList cpus,
        long memoryBytes,
        KernelChoice kernels,
        long bandwidth,
        String models,
        WeightCache cache,
        String idle,
        Duration memoryWait,
        Duration stopTimeout) {

    /** More would be a mistake: each has a stack, and waits for all others at every product. */
    public static final int MOST_THREADS = 1024;

    public WorkerSettings {
        require(!name.isBlank(), "name", "a name", name);
        require(
                threads >= 1 && threads <= MOST_THREADS,
                "threads",
                "0, for all processors, to " + MOST_THREADS,
                threads);
        require(memoryBytes >= 1, "memory", "more than nothing", memoryBytes);
        require(bandwidth >= 0, "bandwidth", "0, to be measured, or more", bandwidth);
        require(memoryWait.isPositive(), "memory-wait", "positive", memoryWait);
        require(stopTimeout.isPositive(), "stop-timeout", "positive", stopTimeout);
        IdleStrategies.named(idle);
    }

    /**
     * Those of {@code config}, the whole configuration, on this machine.
     *
     * @throws IllegalArgumentException when a value is out of its range
     */
    public static WorkerSettings from(Config config) {
        return from(config, HostMemory.measure());
    }

    static WorkerSettings from(Config config, HostMemory memory) {
        Config worker = config.getConfig("caravan.worker");
        String name = worker.getString("name");
        int threads = worker.getInt("threads");
        CpuList cpus = cpus(worker.getString("cpus"));
        return new WorkerSettings(
                config.getString("caravan.version"),
                name.isEmpty() ? defaultName() : name,
                threads == 0 ? processors(cpus) : threads,
                cpus,
                memoryBytes(worker, memory),
                kernels(worker.getString("kernels")),
                worker.getBytes("bandwidth"),
                worker.getString("models"),
                cache(worker.getConfig("weight-cache")),
                config.getString("caravan.transport.idle"),
                worker.getDuration("memory-wait"),
                worker.getDuration("stop-timeout"));
    }

    /** What the container's CPU quota leaves counts, as far as the JVM sees it. */
    private static int processors(CpuList cpus) {
        return cpus.equals(CpuList.ANY)
                ? Runtime.getRuntime().availableProcessors()
                : cpus.cpus().size();
    }

    private static CpuList cpus(String list) {
        try {
            var cpus = CpuList.parse(list);
            cpus.requireAllowed();
            return cpus;
        } catch (IllegalArgumentException unusable) {
            throw new IllegalArgumentException("caravan.worker.cpus: " + unusable.getMessage(), unusable);
        }
    }

    private static WeightCache cache(Config cache) {
        String directory = cache.getString("directory");
        return directory.isEmpty()
                ? WeightCache.none()
                : new WeightCache(Path.of(directory), cache.getBytes("max-bytes"));
    }

    private static long memoryBytes(Config worker, HostMemory memory) {
        String wanted = worker.getString("memory").strip();
        if (wanted.equals("auto")) {
            return memory.automaticBytes();
        }
        if (wanted.endsWith("%")) {
            double share = percent(wanted);
            require(share > 0 && share <= 100, "memory", "a share above 0% and up to 100%", wanted);
            return (long) (memory.totalBytes() * share / 100);
        }
        try {
            return worker.getBytes("memory");
        } catch (ConfigException.BadValue | ConfigException.WrongType unreadable) {
            throw refused("memory", "auto, a share as 50%, or a size as \"12 GiB\"", wanted);
        }
    }

    private static double percent(String wanted) {
        try {
            return Double.parseDouble(wanted.substring(0, wanted.length() - 1).strip());
        } catch (NumberFormatException unreadable) {
            throw refused("memory", "a share as 50%", wanted);
        }
    }

    private static KernelChoice kernels(String wanted) {
        return switch (wanted.toLowerCase(Locale.ROOT)) {
            case "auto" -> KernelChoice.AUTO;
            case "native" -> KernelChoice.NATIVE;
            case "vector" -> KernelChoice.VECTOR;
            case "scalar" -> KernelChoice.SCALAR;
            default -> throw refused("kernels", "auto, native, vector or scalar", wanted);
        };
    }

    private static String defaultName() {
        long pid = ProcessHandle.current().pid();
        try {
            return InetAddress.getLocalHost().getHostName() + "-" + pid;
        } catch (UnknownHostException nameless) {
            return "worker-" + pid;
        }
    }

    private static void require(boolean holds, String key, String range, Object value) {
        if (!holds) {
            throw refused(key, range, value);
        }
    }

    private static IllegalArgumentException refused(String key, String range, Object value) {
        return new IllegalArgumentException("caravan.worker." + key + " must be " + range + ", not " + value);
    }
}
