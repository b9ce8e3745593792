package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.kernels.nativelib.Affinity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuListTest {

    @Test
    void shouldReadRangesAndSingleCpus() {
        assertThat(CpuList.parse("0-2, 8,4").cpus()).containsExactly(0, 1, 2, 8, 4);
        assertThat(CpuList.parse("0-2,8")).hasToString("0,1,2,8");
        assertThat(CpuList.parse(" ")).isEqualTo(CpuList.ANY);
        assertThat(CpuList.parse("4-6").part(2, 2).cpus()).containsExactly(6, 4);
        assertThat(CpuList.ANY.part(2, 2)).isEqualTo(CpuList.ANY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "1-", "1,,2", "-1", "3-1", "99999"})
    void shouldRefuseOtherTexts(String text) {
        assertThatThrownBy(() -> CpuList.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldSayWhichCpusAreAllowedWhereOthersAreNamed() {
        int first = Affinity.allowed().nextSetBit(0);
        var known = new CpuList(List.of(first));
        known.requireAllowed();
        assertThatThrownBy(() -> new CpuList(List.of(first, 4000)).requireAllowed())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("may run on the CPUs " + first)
                .hasMessageEndingWith("not on 4000");
    }

    @Test
    void shouldKeepEachComputeThreadOnItsCpu() {
        var allowed = Affinity.allowed().stream().boxed().limit(2).toList();
        var seen = new ConcurrentHashMap<Integer, String>();
        CompletableFuture.runAsync(
                        () -> {
                            try (var pool = new ComputePool("pinned", 2, new CpuList(allowed))) {
                                var both = new CountDownLatch(2);
                                pool.run(2, (thread, part) -> {
                                    seen.put(thread, allowedCpus());
                                    both.countDown();
                                    await(both);
                                });
                            }
                        },
                        task -> Thread.ofPlatform().start(task))
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        assertThat(seen).containsOnlyKeys(0, 1);
        assertThat(seen.get(0)).isEqualTo("" + allowed.getFirst());
        assertThat(seen.get(1)).isEqualTo("" + allowed.getLast());
        assertThat(Affinity.allowed().cardinality()).as("of this thread").isGreaterThanOrEqualTo(allowed.size());
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What the system says of the calling thread. */
    private static String allowedCpus() {
        try {
            return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                    .filter(line -> line.startsWith("Cpus_allowed_list:"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
