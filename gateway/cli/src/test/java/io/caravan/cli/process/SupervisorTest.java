package io.caravan.cli.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SupervisorTest {
    private static final int LONGEST_WAIT_SECONDS = 60;
    private static final RestartPolicy AT_ONCE =
            new RestartPolicy(2, Duration.ofMillis(1), Duration.ofMillis(1), Duration.ofHours(1));

    private final BlockingQueue<Process> started = new LinkedBlockingQueue<>();
    private final BlockingQueue<Long> ended = new LinkedBlockingQueue<>();
    private final List<Supervisor> supervisors = new java.util.ArrayList<>();

    @AfterEach
    void close() {
        supervisors.forEach(Supervisor::close);
    }

    @Test
    void shouldStartAProcessAgainThatWasKilledAndTellWhichOneEnded() throws InterruptedException {
        var supervisor = supervise(2, "sleep 600", AT_ONCE);
        Process first = nextStarted();
        Process second = nextStarted();

        first.destroyForcibly();

        assertThat(ended.poll(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(first.pid());
        assertThat(nextStarted().isAlive()).isTrue();
        assertThat(second.isAlive()).isTrue();
        assertThat(supervisor.pids()).hasSize(2).doesNotContain(first.pid());
    }

    @Test
    void shouldGiveUpOnAProcessThatEndsAgainAndAgain() throws InterruptedException {
        supervise(1, "exit 3", AT_ONCE);

        for (int i = 0; i <= AT_ONCE.limit(); i++) {
            assertThat(ended.poll(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS))
                    .isEqualTo(nextStarted().pid());
        }
        assertThat(started.poll(1, TimeUnit.SECONDS)).isNull();
    }

    @Test
    void shouldLeaveNoProcessBehind() throws InterruptedException {
        var supervisor = supervise(3, "trap '' TERM; while true; do sleep 1; done", AT_ONCE);
        var processes = List.of(nextStarted(), nextStarted(), nextStarted());

        supervisor.close();
        supervisor.close();

        assertThat(processes).noneMatch(Process::isAlive);
        assertThat(ended).as("what the supervisor ends itself is no news").isEmpty();
    }

    private Supervisor supervise(int count, String script, RestartPolicy policy) {
        var supervisor = Supervisor.start(count, index -> shell(script), policy, ended::add);
        supervisors.add(supervisor);
        return supervisor;
    }

    private Process shell(String script) {
        try {
            var process = new ProcessBuilder("sh", "-c", script).start();
            started.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Process nextStarted() throws InterruptedException {
        var process = started.poll(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
        assertThat(process).as("a process that was started").isNotNull();
        return process;
    }
}
