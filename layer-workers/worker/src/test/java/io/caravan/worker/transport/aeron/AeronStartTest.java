package io.caravan.worker.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AeronStartTest {
    @Test
    void shouldGiveEachInboxAStreamOfItsOwnOnOnePort() {
        try (AeronLinks links = AeronLinks.open(Settings.DEFAULTS);
                StageInbox one = links.openInbox();
                StageInbox other = links.openInbox()) {
            LinkEndpoint first = one.endpoint();
            assertThat(first.port()).isEqualTo(links.port()).isPositive();
            assertThat(other.endpoint().port()).isEqualTo(first.port());
            assertThat(other.endpoint().driverId()).isEqualTo(first.driverId());
            assertThat(other.endpoint().streamId()).isNotEqualTo(first.streamId());
        }
    }

    @Test
    void shouldRefuseAPortInUseByItsNumber() {
        try (AeronLinks links = AeronLinks.open(Settings.DEFAULTS)) {
            AeronSettings same = Settings.with("port", Integer.toString(links.port()));
            assertThatThrownBy(() -> AeronLinks.open(same))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("UDP port " + links.port())
                    .hasMessageContaining("in use");
        }
    }

    @Test
    void shouldRefuseAnAddressOfAnotherMachine() {
        assertThatThrownBy(() -> AeronLinks.open(Settings.with("host", "192.0.2.1")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("caravan.transport.host");
    }

    @Test
    void shouldSayThatNoDriverRunsWhereOneIsToBeJoined(@TempDir Path directory) {
        AeronSettings settings = Settings.with("driver-directory", "\"" + directory + "\"");
        assertThatThrownBy(() -> AeronLinks.open(settings))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no media driver runs in " + directory);
    }

    @Test
    void shouldRefuseToOpenAnythingOnceClosed() {
        AeronLinks links = AeronLinks.open(Settings.DEFAULTS);
        links.close();
        links.close();
        assertThatThrownBy(links::openInbox).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldSayThatTheDriverWasLostAndJoinItAnew() {
        try (AeronLinks links = AeronLinks.open(Settings.DEFAULTS)) {
            StageInbox lost = links.openInbox();
            StageLink link = links.connect(lost.endpoint());
            links.loseDriver();
            assertThatThrownBy(() -> lost.poll((buffer, offset, length) -> {}))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("lost its media driver");
            Frames.Frame frame = Frames.of(1, 1);
            assertThat(link.send(frame.buffer(), 0, frame.length())).isEqualTo(StageLink.Sent.CLOSED);

            try (StageInbox anew = links.openInbox()) {
                assertThat(anew.poll((buffer, offset, length) -> {})).isZero();
            }
            lost.close();
            link.close();
        }
    }

    @Test
    void shouldRemoveTheDirectoryOfAKilledProcessButNotOfALivingOne(@TempDir Path root) throws Exception {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        DirectoryOwner.class.getName(),
                        root.toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output = process.inputReader()) {
            Path foreign = Path.of(output.readLine());
            try (DriverDirectory ours = DriverDirectory.create(root)) {
                Files.createDirectory(ours.path());
                try (DriverDirectory another = DriverDirectory.create(root)) {
                    assertThat(another.path()).isNotEqualTo(ours.path());
                    assertThat(ours.path()).exists();
                    assertThat(foreign).exists();
                }
            }
            process.destroyForcibly();
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();

            DriverDirectory.create(root).close();
            assertThat(foreign).doesNotExist();
            assertThat(root).isEmptyDirectory();
        } finally {
            process.destroyForcibly();
        }
    }

    /** Another process with a directory, until it is killed. */
    static final class DirectoryOwner {
        private DirectoryOwner() {}

        public static void main(String[] args) throws IOException {
            try (DriverDirectory directory = DriverDirectory.create(Path.of(args[0]))) {
                Files.createDirectory(directory.path());
                Files.writeString(directory.path().resolve("file"), "of a driver");
                System.out.println(directory.path());
                System.out.flush();
                System.in.read();
            }
        }
    }
}
