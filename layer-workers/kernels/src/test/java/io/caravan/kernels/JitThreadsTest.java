package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class JitThreadsTest {

    @Test
    void shouldGiveWayToNativeKernelsOnly() {
        try (var scalar = HostDevice.open(KernelChoice.SCALAR, 1)) {
            JitThreads.giveWayTo(scalar);
        }
        assertThat(JitThreads.numbers().keySet()).isNotEmpty().allMatch(thread -> niceOf(thread) == 0);

        try (var device = HostDevice.open(KernelChoice.NATIVE, 1)) {
            JitThreads.giveWayTo(device);
        }
        assertThat(JitThreads.numbers().keySet()).isNotEmpty().allMatch(thread -> niceOf(thread) == JitThreads.NICE);
    }

    /** The 19th value of a thread's stat, counted from behind the name, which is the second and may hold anything. */
    private static int niceOf(long thread) {
        try {
            var stat = Files.readString(Path.of("/proc/self/task/" + thread + "/stat"));
            return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
