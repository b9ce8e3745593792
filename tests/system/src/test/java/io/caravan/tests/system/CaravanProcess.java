package io.caravan.tests.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** {@code caravan VERB ...} as a process of its own, started as the launcher starts it. */
final class CaravanProcess implements AutoCloseable {
    private static final Path DIST =
            Path.of(System.getProperty("caravan.test.dist")).normalize();
    /** There are many processes, on few cores. */
    private static final List<String> SMALL = List.of("-Xmx512m", "-XX:+UseSerialGC");

    private static final Duration KILLED_WITHIN = Duration.ofSeconds(20);
    private static final int TAIL_LINES = 25;
    private static final Set<Process> ALIVE = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> ALIVE.forEach(CaravanProcess::killAll)));
    }

    private final String name;
    private final Process process;
    private final Path output;

    private CaravanProcess(String name, Process process, Path output) {
        this.name = name;
        this.process = process;
        this.output = output;
    }

    /**
     * Starts a verb; what it prints goes to {@code home/NAME.out}.
     *
     * @param home its CARAVAN_HOME
     */
    static CaravanProcess start(String name, Path home, List<String> arguments) {
        return start(name, home, command -> command, arguments, Map.of());
    }

    /**
     * As {@link #start(String, Path, List)}.
     *
     * @param where what makes of a command that which runs it elsewhere, as on another machine
     * @param environment variables beside the usual ones
     */
    static CaravanProcess start(
            String name,
            Path home,
            UnaryOperator<List<String>> where,
            List<String> arguments,
            Map<String, String> environment) {
        if (!Files.isDirectory(DIST.resolve("lib"))) {
            throw new AssertionError("there is no distribution in " + DIST + ": run mvn verify, not mvn test");
        }
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + DIST.resolve("jvm.options"));
        command.add("@" + DIST.resolve("kernels.options"));
        command.addAll(SMALL);
        command.addAll(List.of("-Dcaravan.dist=" + DIST, "-cp", DIST.resolve("lib") + "/*", "io.caravan.cli.Caravan"));
        command.addAll(arguments);
        var output = home.resolve(name + ".out");
        var builder = new ProcessBuilder(where.apply(command))
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
        builder.environment().keySet().removeIf(variable -> variable.startsWith("CARAVAN_"));
        builder.environment().put("CARAVAN_HOME", home.toString());
        builder.environment().put("CARAVAN_JAVA_OPTS", String.join(" ", SMALL));
        builder.environment().putAll(environment);
        try {
            Files.createDirectories(home);
            var process = builder.start();
            ALIVE.add(process);
            return new CaravanProcess(name, process, output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String name() {
        return name;
    }

    long pid() {
        return process.pid();
    }

    /** Itself and the processes that it started. */
    Stream<ProcessHandle> handles() {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants());
    }

    boolean runs() {
        return process.isAlive();
    }

    /** What it printed so far. */
    String output() {
        try {
            return Files.readString(output, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The end of what it printed, for people. */
    String tail() {
        var lines = output().lines().toList();
        return "--- " + name + (runs() ? "" : " (ended with " + process.exitValue() + ")") + "\n"
                + String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly();
    }

    /** SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** SIGSTOP: it lives and does nothing, and its ports still accept connections. */
    void pause() {
        signal("STOP");
    }

    /** SIGCONT. */
    void resume() {
        signal("CONT");
    }

    private void signal(String name) {
        try {
            var kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start();
            if (kill.waitFor() != 0) {
                throw new AssertionError("cannot send SIG" + name + " to " + this.name);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", ended);
        }
    }

    /** Its exit status, for which it may take {@code longest}. */
    int awaitExit(Duration longest) {
        try {
            if (!process.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(name + " still runs after " + longest + "\n" + tail());
            }
            return process.exitValue();
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while " + name + " ended", ended);
        }
    }

    @Override
    public void close() {
        killAll(process);
        awaitExit(KILLED_WITHIN);
        ALIVE.remove(process);
    }

    private static void killAll(Process process) {
        var children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }
}
