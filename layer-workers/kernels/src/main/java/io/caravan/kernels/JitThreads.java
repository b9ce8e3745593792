package io.caravan.kernels;

import io.caravan.kernels.nativelib.Affinity;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads on which the JVM compiles code that is often run. In a process's first minute they take a tenth of a core, which
 * makes the stage that shares it late, and every other stage wait. Native kernels need nothing of them: what they compile is
 * the code around, which can wait for a moment in which a core is idle.
 */
public final class JitThreads {
    private static final Logger LOG = LoggerFactory.getLogger(JitThreads.class);

    /** About a tenth of the core where a compute thread wants it, all of it otherwise. */
    static final int NICE = 10;

    /** What the system calls those of the optimising compiler; the other one's work is small and soon pays. */
    private static final String NAME = "C2 Compiler";

    private static final Path TASKS = Path.of("/proc/self/task");
    private static final AtomicBoolean STOOD_BACK = new AtomicBoolean();

    private JitThreads() {}

    /** Lets them give way to compute threads for good, if {@code device} computes without them. Does nothing but on Linux. */
    public static void giveWayTo(Device device) {
        if (device.name().startsWith("native") && Files.isDirectory(TASKS) && STOOD_BACK.compareAndSet(false, true)) {
            var allowed = numbers().keySet().stream()
                    .filter(thread -> Affinity.giveWay(thread, NICE))
                    .count();
            LOG.debug("{} threads of the compiler give way to compute threads", allowed);
        }
    }

    /** Their numbers and names. */
    static Map<Long, String> numbers() {
        var numbers = new HashMap<Long, String>();
        try (var tasks = Files.newDirectoryStream(TASKS)) {
            for (var task : tasks) {
                var name = name(task);
                if (name.startsWith(NAME)) {
                    numbers.put(Long.valueOf(task.getFileName().toString()), name);
                }
            }
        } catch (IOException | DirectoryIteratorException unreadable) {
            LOG.debug("The process's threads cannot be listed", unreadable);
        }
        return numbers;
    }

    /** Empty for a thread that has just ended. */
    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm"));
        } catch (IOException ended) {
            return "";
        }
    }
}
