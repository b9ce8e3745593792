package io.caravan.worker.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import io.caravan.proto.link.StageLink.Sent;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** A receiver in another process that is killed. */
class AeronKillTest {
    private static final long BOUND_NS = 15_000_000_000L;
    private static final long RETRY_NS = 100_000;
    private static final String MARK = "listening at ";

    @Test
    void shouldNoticeAKilledReceiverThatSharedTheDriver() throws Exception {
        AeronSettings quick = Settings.with("client-timeout", "2s");
        try (MediaDriverHost driver = MediaDriverHost.start(quick);
                AeronLinks links =
                        AeronLinks.open(Settings.with("driver-directory", "\"" + driver.directory() + "\""))) {
            LinkEndpoint killed = noticeDeath(links, driver.directory().toString());
            assertThat(killed.driverId()).contains(driver.directory().toString());
        }
    }

    @Test
    void shouldNoticeAKilledReceiverAndRemoveItsDriversDirectory() throws Exception {
        try (AeronLinks links = AeronLinks.open(Settings.DEFAULTS)) {
            String driverId = noticeDeath(links, "").driverId();
            Path left = Path.of(driverId.substring(driverId.indexOf(':') + 1, driverId.indexOf('@')));
            assertThat(left).exists();
            DriverDirectory.create(left.getParent()).close();
            assertThat(left).doesNotExist();
        }
    }

    private static LinkEndpoint noticeDeath(AeronLinks links, String driverDirectory) throws IOException {
        Process process = receiver(driverDirectory);
        try (BufferedReader output = process.inputReader()) {
            LinkEndpoint endpoint = endpoint(output);
            try (StageLink link = links.connect(endpoint)) {
                await(link, Sent.DONE);
                process.destroyForcibly();
                await(link, Sent.NOT_CONNECTED);
            }
            return endpoint;
        } finally {
            process.destroyForcibly();
        }
    }

    private static Process receiver(String driverDirectory) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED",
                "-Dcaravan.transport.driver-directory=" + driverDirectory,
                "-cp",
                System.getProperty("java.class.path"),
                Receiver.class.getName()));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** The log goes to standard output too. */
    private static LinkEndpoint endpoint(BufferedReader output) {
        String line = output.lines()
                .filter(each -> each.startsWith(MARK))
                .findFirst()
                .orElseThrow(() -> new AssertionError("the receiver ended before it listened"));
        String[] parts = line.substring(MARK.length()).split(" ", 4);
        return new LinkEndpoint(parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2]), parts[3]);
    }

    private static void await(StageLink link, Sent expected) {
        Frames.Frame frame = Frames.of(1, 10);
        long deadlineNs = System.nanoTime() + BOUND_NS;
        while (link.send(frame.buffer(), 0, frame.length()) != expected) {
            assertThat(System.nanoTime() - deadlineNs)
                    .as("waited for %s", expected)
                    .isNegative();
            LockSupport.parkNanos(RETRY_NS);
        }
    }

    /** Listens until it is killed. */
    static final class Receiver {
        private Receiver() {}

        public static void main(String[] args) {
            try (AeronLinks links = AeronLinks.open(AeronSettings.from(ConfigFactory.load()));
                    StageInbox inbox = links.openInbox()) {
                LinkEndpoint at = inbox.endpoint();
                System.out.println(MARK
                        + String.join(
                                " ",
                                at.host(),
                                Integer.toString(at.port()),
                                Integer.toString(at.streamId()),
                                at.driverId()));
                System.out.flush();
                while (!Thread.currentThread().isInterrupted()) {
                    inbox.poll((buffer, offset, length) -> {});
                    LockSupport.parkNanos(RETRY_NS);
                }
            }
        }
    }
}
