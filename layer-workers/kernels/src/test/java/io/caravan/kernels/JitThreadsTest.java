package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class JitThreadsTest {

    @Test
    void shouldGiveWayToNativeKernelsOnly() {
        var before = JitThreads.numbers().keySet().stream()
                .map(JitThreadsTest::niceOf)
                .collect(Collectors.toSet());
        try (var scalar = HostDevice.open(KernelChoice.SCALAR, 1)) {
            JitThreads.giveWayTo(scalar);
        }
        assertThat(JitThreads.numbers().keySet())
                .isNotEmpty()
                .allMatch(thread -> before.contains(niceOf(thread)) && niceOf(thread) != JitThreads.NICE);

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
