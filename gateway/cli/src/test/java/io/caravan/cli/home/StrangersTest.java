package io.caravan.cli.home;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class StrangersTest {
    private static final String ACTORS = "org.apache.pekko.remote.artery.Deserializer";

    @TempDir
    private Path folder;

    @AfterEach
    void stopLogging() {
        var root = context().getLogger(Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.setLevel(Level.OFF);
    }

    private static LoggerContext context() {
        return (LoggerContext) LoggerFactory.getILoggerFactory();
    }

    @Test
    void shouldTellOfAStrangersBytesInOneLine() throws IOException {
        var log = Logs.toFile(folder, "test", false);

        LoggerFactory.getLogger(ACTORS)
                .error("Failed to deserialize\r\n17:00 WARN forged", new IllegalStateException("bytes\nof nobody"));
        java.util.logging.Logger.getLogger("io.grpc.netty.NettyServerTransport")
                .log(java.util.logging.Level.INFO, "Transport {0}", new Object[] {"failed"});
        java.util.logging.Logger.getLogger("io.grpc.netty.NettyServerTransport")
                .log(java.util.logging.Level.INFO, "Transport failed", new IllegalStateException("no preface"));

        assertThat(Files.readAllLines(log))
                .satisfiesExactly(
                        line -> assertThat(line)
                                .endsWith(
                                        "Failed to deserialize 17:00 WARN forged: java.lang.IllegalStateException: bytes of nobody"),
                        line -> assertThat(line).endsWith("Transport failed"),
                        line -> assertThat(line)
                                .endsWith("Transport failed: java.lang.IllegalStateException: no preface"));
    }

    @Test
    void shouldKeepTheTraceOfWhatIsNoStrangersDoing() throws IOException {
        var log = Logs.toFile(folder, "test", false);

        LoggerFactory.getLogger("io.caravan.scheduler.actor.PipelineActor")
                .error("It broke", new IllegalStateException("ours"));

        assertThat(Files.readAllLines(log))
                .contains("java.lang.IllegalStateException: ours")
                .anyMatch(line -> line.startsWith("\tat " + StrangersTest.class.getName()));
    }

    @Test
    void shouldKeepEveryTraceForWhoAsksForMore() throws IOException {
        var log = Logs.toFile(folder, "test", true);

        LoggerFactory.getLogger(ACTORS).error("Failed", new IllegalStateException("bytes of nobody"));

        assertThat(Files.readAllLines(log)).anyMatch(line -> line.startsWith("\tat " + StrangersTest.class.getName()));
    }

    @Test
    void shouldNotLetStrangersFillTheLog() throws IOException {
        var log = Logs.toFile(folder, "test", false);

        for (int i = 0; i < 1000; i++) {
            LoggerFactory.getLogger(ACTORS).warn("Dropping message due to: {}", i);
        }
        LoggerFactory.getLogger("io.caravan.Ours").warn("still here");

        assertThat(Files.readAllLines(log))
                .hasSize(Strangers.Flood.MOST_LINES + 1)
                .last()
                .asString()
                .endsWith("still here");
    }

    @Test
    void shouldSayHowAMemberIsCalledThatWasAskedForByAnotherName() throws IOException {
        var log = Logs.toFile(folder, "test", false);

        for (int i = 0; i < 3; i++) {
            LoggerFactory.getLogger("org.apache.pekko.remote.artery.InboundHandshake")
                    .warn(
                            "Dropping Handshake Request from [UniqueAddress(pekko://caravan@10.0.0.7:4000,7)] addressed to"
                                    + " unknown local address [pekko://caravan@192.168.1.5:25520]. Local address is"
                                    + " [pekko://caravan@10.0.0.5:25520]. Check that the sending system uses ...");
        }

        var ours = List.of(
                "10.0.0.7:4000 asks for 192.168.1.5:25520, but this member is called 10.0.0.5:25520: join that, or"
                        + " start it with --cluster-host 192.168.1.5");
        assertThat(Files.readAllLines(log).stream()
                        .filter(line -> line.contains(" WARN  i.c"))
                        .map(line -> line.replaceFirst(".*?\\] ", "")))
                .containsExactlyElementsOf(ours);
    }
}
