package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.tests.support.NeedsProgram;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The places where Caravan keeps files run full while it serves: shared memory, and the folder of kept weights. */
@NeedsProgram("unshare")
@EnabledIf("mayMount")
class FullPlacesTest {
    private static final int WORKERS = 2;
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final int FILLER_BYTES = 64 << 10;
    /** Gives a process and its children a small /dev/shm of their own, and a full disk at $0. */
    private static final String MOUNTS = """
            mount -t tmpfs -o size=400m tmpfs /dev/shm && mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@"
            """;

    @TempDir
    private static Path disk;

    private static TestCluster cluster;
    private static Load load;

    static boolean mayMount() throws IOException, InterruptedException {
        return TwoMachinesTest.mayHaveNetworksOfItsOwn();
    }

    @BeforeAll
    static void start() {
        cluster = TestCluster.upWithin(
                FullPlacesTest::mounted,
                "full-places",
                WORKERS,
                "caravan.pipeline { stages = 2, min-workers = 2 }",
                "caravan.worker.weight-cache.directory = \"" + disk + "\"");
        cluster.awaitServing(WORKERS);
        load = Load.undisturbed(cluster, 5, 200);
    }

    private static List<String> mounted(List<String> command) {
        var whole = new ArrayList<>(List.of("unshare", "--mount", "bash", "-c", MOUNTS, disk.toString()));
        whole.addAll(command);
        return whole;
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void shouldServeOnWhenSharedMemoryIsFull() throws IOException {
        var streams = load.start();

        fill(seen(Path.of("/dev/shm")));
        load.expectSameAnswers("shared memory ran full", streams);
        assertThat(Duration.ofNanos(Load.longestPauseNs(streams))).isLessThan(LONGEST_PAUSE);

        var more = load.start();
        cluster.kill(cluster.gateway().pidOfStage(1));
        load.expectSameAnswers("a worker died where shared memory was full", more);
        cluster.awaitServing(WORKERS);
    }

    @Test
    void shouldServeWithoutKeptWeightsWhereTheirDiskIsFull() throws IOException {
        assertThat(cluster.gateway().status().path("serving").asBoolean()).isTrue();
        try (Stream<Path> left = Files.list(seen(disk))) {
            assertThat(left).isEmpty();
        }
        assertThat(cluster.logged("packed weights are not kept in " + disk + ": No space left on device"))
                .as("one line for each stage that was loaded")
                .isBetween(1L, 4L);
    }

    /** As the cluster sees it. */
    private static Path seen(Path path) {
        return Path.of("/proc/" + cluster.pid() + "/root" + path);
    }

    private static void fill(Path place) throws IOException {
        Path filler = place.resolve("filler");
        try (OutputStream out = Files.newOutputStream(filler)) {
            while (true) {
                out.write(new byte[FILLER_BYTES]);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
        assertThat(Files.size(filler)).isPositive();
    }
}
