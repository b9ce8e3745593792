package io.caravan.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Verbs as their users start them, from the folder that the build makes: real processes, of which none may stay. */
class ProcessesIT {
    private static final Path DIST = Path.of(System.getProperty("caravan.built"));
    private static final int LONGEST_WAIT_SECONDS = 300;

    @TempDir
    private Path home;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void endAll() {
        for (Process process : started) {
            // first the parent: it would start its children again
            var descendants = process.descendants().toList();
            process.destroyForcibly();
            descendants.forEach(ProcessHandle::destroyForcibly);
        }
    }

    @Test
    void shouldAnswerOneQuestionThroughTwoWorkerProcessesAndEndThem() throws Exception {
        Process run = caravan("run", "--temperature", "0", "What is 7 plus 5?");
        var answer =
                CompletableFuture.supplyAsync(() -> run.inputReader().lines().toList());
        var workers = awaitWorkers(run);

        assertThat(answer.get(LONGEST_WAIT_SECONDS, SECONDS)).containsExactly("7 plus 5 is 12.");
        assertThat(run.waitFor(LONGEST_WAIT_SECONDS, SECONDS)).isTrue();
        assertThat(run.exitValue()).isZero();
        assertThat(workers).noneMatch(ProcessHandle::isAlive);
        assertThat(home.resolve("run")).isEmptyDirectory();
    }

    @Test
    void shouldNotOutliveAChatThatIsKilled() throws Exception {
        Process chat = caravan("chat");
        var workers = awaitWorkers(chat);

        chat.destroyForcibly();

        for (ProcessHandle worker : workers) {
            worker.onExit().get(LONGEST_WAIT_SECONDS, SECONDS);
        }
    }

    @Test
    void shouldNotSpeakOfALossWhereItIsToldToEnd() throws Exception {
        Process up = java(List.of("up", "--workers", "0", "--port", "0", "--grpc-port", "0"))
                .redirectError(ProcessBuilder.Redirect.PIPE)
                .start();
        started.add(up);
        assertThat(up.inputReader().readLine()).startsWith("Serving tiny-chat");

        up.toHandle().destroy(); // the process itself would close its streams

        assertThat(new String(up.getErrorStream().readAllBytes(), UTF_8)).doesNotContain("no member of its cluster");
        assertThat(up.waitFor(LONGEST_WAIT_SECONDS, SECONDS)).isTrue();
    }

    @Test
    void shouldReadArgumentsAndVariablesInUtf8WhereNoLocaleHasIt() throws Exception {
        var words = java(List.of("ps", "--größe"));
        words.environment().put("LC_ALL", "C");
        var variable = java(List.of("ps"));
        variable.environment().putAll(Map.of("LC_ALL", "C", "CARAVAN_URL", "größe"));

        assertThat(errors(words)).contains("Unknown option: '--größe'");
        assertThat(errors(variable)).contains("not 'größe'");
    }

    @Test
    void shouldStopWhatIsNamedAndLeaveNoneRunningForOneThatIsLate() throws Exception {
        var deaf = gateway("sh -c \"trap '' TERM; while true; do sleep 1; done\"", "deaf", 1);
        var first = gateway("sleep 600", "tiny", 2);
        var second = gateway("sleep 600", "tiny", 3);
        var third = gateway("sleep 600", "large", 4);

        var unknown = errors(java(List.of("stop", "small")));
        assertThat(unknown).contains("'small'").contains("tiny at http://127.0.0.1:2 (pid " + first.pid() + ")");
        assertThat(errors(java(List.of("run", "-m", "small", "hi"))))
                .contains("no model 'small' runs here")
                .contains("large at http://127.0.0.1:4 (pid " + third.pid() + ")");

        assertThat(caravan("stop", "3").waitFor()).isZero();
        assertThat(second.isAlive()).isFalse();
        assertThat(List.of(deaf, first, third)).allMatch(Process::isAlive);

        var stop = java(List.of("stop", "--timeout", "1s"))
                .redirectError(ProcessBuilder.Redirect.PIPE)
                .start();
        started.add(stop);
        assertThat(new String(stop.getErrorStream().readAllBytes(), UTF_8))
                .contains("(pid " + deaf.pid() + ", http://127.0.0.1:1) still runs after 1.0 s; --force kills it");
        assertThat(stop.waitFor()).isEqualTo(1);
        assertThat(List.of(first, third)).noneMatch(Process::isAlive);

        assertThat(caravan("stop", "--timeout", "0s", "--force", "deaf").waitFor())
                .isZero();
        assertThat(deaf.isAlive()).isFalse();
    }

    /** A process that says of itself that it is a gateway. */
    private Process gateway(String command, String model, int port) throws IOException {
        var process = new ProcessBuilder("sh", "-c", "exec " + command).start();
        started.add(process);
        long startedAtMs = process.info().startInstant().orElseThrow().toEpochMilli();
        new RunningStates(home.resolve("run"))
                .write(new RunningState(
                        process.pid(),
                        startedAtMs,
                        "up",
                        model,
                        "/models/" + model,
                        "http://127.0.0.1:" + port,
                        "",
                        "",
                        false));
        return process;
    }

    private String errors(ProcessBuilder builder) throws IOException {
        var process = builder.redirectError(ProcessBuilder.Redirect.PIPE).start();
        started.add(process);
        return new String(process.getErrorStream().readAllBytes(), UTF_8);
    }

    /** Both worker processes, as soon as they run. */
    private static List<ProcessHandle> awaitWorkers(Process parent) throws InterruptedException {
        long deadlineNs = System.nanoTime() + SECONDS.toNanos(LONGEST_WAIT_SECONDS);
        while (parent.isAlive() && System.nanoTime() < deadlineNs) {
            var workers = parent.children().toList();
            if (workers.size() == 2) {
                return workers;
            }
            Thread.sleep(20);
        }
        throw new AssertionError("no two worker processes came up");
    }

    private Process caravan(String... arguments) throws IOException {
        var process = java(List.of(arguments)).start();
        started.add(process);
        return process;
    }

    private ProcessBuilder java(List<String> arguments) {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + DIST.resolve("jvm.options"),
                "-Dcaravan.dist=" + DIST,
                "-cp",
                DIST.resolve("lib") + "/*",
                Caravan.class.getName()));
        command.addAll(arguments);
        var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().keySet().removeIf(name -> name.startsWith("CARAVAN_"));
        builder.environment().put("CARAVAN_HOME", home.toString());
        return builder;
    }
}
