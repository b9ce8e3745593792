package io.caravan.worker.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A media driver's files take their room before anything lies in them, or go elsewhere. */
class DriverPlaceTest {
    private static final int STAT_BLOCK_BYTES = 512;

    @TempDir
    private Path folder;

    @Test
    void shouldTakeTheRoomOfEveryFileBeforeItIsUsed() throws Exception {
        Path root = DriverDirectory.roots().getFirst();
        try (MediaDriverHost driver = MediaDriverHost.start(Settings.DEFAULTS, List.of(root));
                AeronLinks links =
                        AeronLinks.open(Settings.with("driver-directory", "\"" + driver.directory() + "\""));
                StageInbox inbox = links.openInbox();
                StageLink link = links.connect(inbox.endpoint())) {
            assertThat(link.target()).isEqualTo(inbox.endpoint());
            List<Path> files = files(driver.directory());
            assertThat(files).anyMatch(file -> file.toString().endsWith(".logbuffer"));
            for (Path file : files) {
                assertThat(takenBytes(file)).as("%s", file).isGreaterThanOrEqualTo(Files.size(file));
            }
        }
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    /** What the file system gave a file, which of a sparse one is less than its length. */
    private static long takenBytes(Path file) throws Exception {
        Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
        String blocks = new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertThat(stat.waitFor()).isZero();
        return Long.parseLong(blocks.trim()) * STAT_BLOCK_BYTES;
    }

    @Test
    void shouldGoWhereThereIsRoomWhenThereIsNoneInTheFirstPlace() throws IOException {
        Path full = Files.createFile(folder.resolve("full"));
        Path roomy = Files.createDirectory(folder.resolve("roomy"));
        try (MediaDriverHost driver = MediaDriverHost.start(Settings.DEFAULTS, List.of(full, roomy))) {
            assertThat(driver.directory().getParent()).isEqualTo(roomy);
        }
        assertThat(roomy).isEmptyDirectory();
    }

    @Test
    void shouldSayWhereItLookedWhenThereIsRoomNowhere() throws IOException {
        Path one = Files.createFile(folder.resolve("one"));
        Path two = Files.createFile(folder.resolve("two"));
        assertThatThrownBy(() -> MediaDriverHost.start(Settings.DEFAULTS, List.of(one, two)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("no place for the media driver's files", one + ":", two + ":");
    }
}
