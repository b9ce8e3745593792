package io.caravan.cli.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.cli.CliException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SupervisorTest {
    private static final int LONGEST_WAIT_SECONDS = 60;
    private static final RestartPolicy AT_ONCE =
            new RestartPolicy(true, Duration.ofMillis(1), Duration.ofMillis(1), Duration.ofHours(1));

    /** The first version gave up after as many. */
    private static final int MANY_DEATHS = 12;

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
    void shouldGoOnStartingAProcessThatEndsAgainAndAgainAndTellOfIt() throws InterruptedException {
        var supervisor = supervise(1, "exit 3", AT_ONCE);

        for (int i = 0; i < MANY_DEATHS; i++) {
            assertThat(ended.poll(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS))
                    .isEqualTo(nextStarted().pid());
        }

        assertThat(supervisor.troubles(MANY_DEATHS)).singleElement().satisfies(trouble -> {
            assertThat(trouble.name()).isEqualTo("child-0");
            assertThat(trouble.deaths()).isGreaterThanOrEqualTo(MANY_DEATHS);
            assertThat(trouble.text()).endsWith(" times in a row, last with status 3: the last words of 0");
        });
    }

    @Test
    void shouldStartAProcessThatTheSystemRefusedToStart() throws InterruptedException {
        var attempts = new AtomicInteger();
        var supervisor = keep(1, AT_ONCE, index -> {
            int attempt = attempts.getAndIncrement();
            if (attempt >= 1 && attempt <= 3) {
                throw new CliException("no more processes");
            }
            return shell("sleep 600");
        });
        nextStarted().destroyForcibly();

        assertThat(nextStarted().isAlive()).isTrue();
        assertThat(supervisor.troubles(2)).singleElement().satisfies(trouble -> {
            assertThat(trouble.deaths()).isEqualTo(4);
            assertThat(trouble.lastLine()).isEqualTo("no more processes");
        });
    }

    @Test
    void shouldForgetTroubleThatIsOver() throws InterruptedException {
        var healthyAtOnce = new RestartPolicy(true, Duration.ofMillis(1), Duration.ofMillis(1), Duration.ofNanos(1));
        var supervisor = supervise(1, "sleep 600", healthyAtOnce);
        nextStarted().destroyForcibly();
        nextStarted();

        assertThat(supervisor.troubles(1)).isEmpty();
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
        return keep(count, policy, index -> shell(script));
    }

    private Supervisor keep(int count, RestartPolicy policy, IntFunction<Process> start) {
        var children = new Children() {
            @Override
            public Process start(int index) {
                return start.apply(index);
            }

            @Override
            public String name(int index) {
                return "child-" + index;
            }

            @Override
            public String lastLine(int index) {
                return "the last words of " + index;
            }
        };
        var supervisor = Supervisor.start(count, children, policy, ended::add);
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
