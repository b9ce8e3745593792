package io.caravan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);
    private long nowNs;

    @Test
    void shouldWriteNothingOfShortWork() {
        var progress = new Progress(out, true, () -> nowNs);

        progress.update("half");
        progress.clear();

        assertThat(text()).isEmpty();
    }

    @Test
    void shouldOverwriteTheLineOnATerminalAndTakeItAwayInTheEnd() {
        var progress = new Progress(out, true, () -> nowNs);

        progress.update("first");
        later(1);
        progress.update("second");
        progress.update("third");
        progress.clear();
        progress.say("done");

        assertThat(text().split("\r")).extracting(String::strip).containsExactly("", "second", "third", "", "done");
    }

    @Test
    void shouldWriteALineNowAndThenElsewhere() {
        var progress = new Progress(out, false, () -> nowNs);

        for (int second = 0; second <= 5; second++) {
            progress.update("second " + second);
            later(1);
        }

        assertThat(text().lines()).containsExactly("second 2", "second 4");
    }

    private void later(int seconds) {
        nowNs += Duration.ofSeconds(seconds).toNanos();
    }

    private String text() {
        return written.toString(StandardCharsets.UTF_8);
    }
}
