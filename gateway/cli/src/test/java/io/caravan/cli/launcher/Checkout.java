package io.caravan.cli.launcher;

import static java.nio.file.StandardOpenOption.APPEND;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The launcher in a checkout of next to nothing, with a JDK and a Maven that write down what they are asked for and do as little as the
 * launcher may notice: Maven makes jars of the sources, and Java makes the caches it is to make.
 */
final class Checkout {
    private static final Path SCRIPT = Path.of("..", "..", "caravan").toAbsolutePath();
    private static final int LONGEST_WAIT_SECONDS = 60;

    private static final String MAVEN = """
            #!/usr/bin/env bash
            echo "maven ${@: -1}" >>"$JOURNAL"
            while [ -e "$GATES/maven" ]; do sleep 0.02; done
            mkdir -p gateway/cli/target/dist/lib gateway/cli/target/dist/models/tiny-chat
            touch gateway/cli/target/dist/jvm.options gateway/cli/target/dist/kernels.options gateway/cli/target/dist/native.options
            cat scheduler/Source.java >new.jar
            cmp -s new.jar gateway/cli/target/dist/lib/caravan.jar || cp new.jar gateway/cli/target/dist/lib/caravan.jar
            rm new.jar
            [ "${@: -1}" = package ] || exit "${TESTS_END_WITH:-0}"
            """;

    private static final String JAVA = """
            #!/usr/bin/env bash
            for argument; do
                case $argument in
                    -XX:AOTCacheOutput=*) cache=${argument#*=} ;;
                    -XX:AOTCache=*) from=" ${argument##*/}" ;;
                esac
            done
            if [ -z "$cache" ]; then
                echo "started$from" >>"$JOURNAL"
                exit
            fi
            name=$(basename "$cache" .part)
            echo "making $name$([ "$(nice)" -lt 19 ] || echo " behind")" >>"$JOURNAL"
            printf half >"$cache"
            while [ -e "$GATES/$name" ]; do sleep 0.02; done
            [ ! -e "$GATES/fails" ] || exit 1
            printf whole >"$cache"
            echo "made $name" >>"$JOURNAL"
            """;

    private final Path folder;
    private final Path home;
    private final Path gates;
    private final Path journal;

    private Checkout(Path folder) {
        this.folder = folder;
        home = folder.resolve("a checkout");
        gates = folder.resolve("gates");
        journal = folder.resolve("journal");
    }

    /** How a command ended, and what it said. */
    record Outcome(int status, String said) {}

    static Checkout in(Path folder) throws IOException {
        var checkout = new Checkout(folder);
        Files.createDirectories(checkout.gates);
        Files.createFile(checkout.journal);
        for (String part : List.of("proto", "layer-workers", "scheduler", "gateway/cli")) {
            Files.createDirectories(checkout.home.resolve(part));
        }
        Files.copy(SCRIPT, checkout.home.resolve("caravan"));
        Files.writeString(checkout.home.resolve("pom.xml"), "<project/>");
        Files.writeString(checkout.source(), "first\n");
        checkout.program("jdk/bin/java", JAVA);
        checkout.program("jdk/bin/javac", JAVA);
        checkout.program("bin/mvn", MAVEN);
        checkout.release("25.0.3");
        return checkout;
    }

    private void program(String name, String text) throws IOException {
        var file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** The JDK is another from now on. */
    void release(String version) throws IOException {
        Files.writeString(folder.resolve("jdk/release"), "JAVA_VERSION=\"" + version + "\"\n");
    }

    Path home() {
        return home;
    }

    Path source() {
        return home.resolve("scheduler/Source.java");
    }

    Path dist() {
        return home.resolve("gateway/cli/target/dist");
    }

    void edit(String line) throws IOException {
        Files.writeString(source(), line + "\n", APPEND);
    }

    /** Who comes to it waits until it is opened: {@code maven}, or the making of a cache. */
    void shut(String gate) throws IOException {
        Files.createFile(gates.resolve(gate));
    }

    void open(String gate) throws IOException {
        Files.delete(gates.resolve(gate));
    }

    /** What Maven and Java were asked for, a line each. */
    List<String> journal() throws IOException {
        return Files.readAllLines(journal);
    }

    /** How often {@code line} is in the journal. */
    long count(String line) throws IOException {
        return journal().stream().filter(line::equals).count();
    }

    void awaitJournal(String line, int times) throws Exception {
        await(line + ", " + times + " times", () -> count(line) >= times);
    }

    /** Until caches have been made behind starts so many times. */
    void awaitCaches(int times) throws Exception {
        awaitJournal("making gateway behind", times);
        await(
                "caches",
                () -> Files.exists(dist().resolve(".prepared")) && scratch().isEmpty());
    }

    /** All processes of the launcher and behind it. */
    List<ProcessHandle> processes() {
        return ProcessHandle.allProcesses()
                .filter(process -> process.info().commandLine().orElse("").contains(folder.toString()))
                .toList();
    }

    /** What a making writes to before it is over. */
    List<Path> scratch() throws IOException {
        try (var files = Files.list(dist())) {
            return files.filter(file -> file.getFileName().toString().matches("\\.prepare\\.[0-9]+"))
                    .toList();
        }
    }

    List<String> caches() throws IOException {
        try (var files = Files.list(dist())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".aot"))
                    .sorted()
                    .toList();
        }
    }

    /** Something that happens, or an exception. */
    interface Condition {
        boolean holds() throws IOException;
    }

    void await(String what, Condition condition) throws Exception {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_WAIT_SECONDS);
        while (!condition.holds()) {
            if (System.nanoTime() > deadlineNs) {
                throw new AssertionError("no " + what + " but " + journal() + " and " + caches());
            }
            Thread.sleep(5);
        }
    }

    Outcome run(String... arguments) throws Exception {
        return end(start(Map.of(), List.of(), arguments));
    }

    Outcome run(Map<String, String> environment, String... arguments) throws Exception {
        return end(start(environment, List.of(), arguments));
    }

    /**
     * Starts the launcher.
     *
     * @param by the command that starts it, if any
     */
    Process start(Map<String, String> environment, List<String> by, String... arguments) throws IOException {
        var command = new ArrayList<>(by);
        command.addAll(List.of("bash", home.resolve("caravan").toString()));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("CARAVAN_"));
        builder.environment()
                .putAll(Map.of(
                        "CARAVAN_JAVA_HOME", folder.resolve("jdk").toString(),
                        "PATH", folder.resolve("bin") + ":" + System.getenv("PATH"),
                        "JOURNAL", journal.toString(),
                        "GATES", gates.toString()));
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** The launcher's end; it and nobody behind it keeps what it says open. */
    static Outcome end(Process launcher) throws Exception {
        launcher.getOutputStream().close();
        var said = new String(launcher.getInputStream().readAllBytes());
        if (!launcher.waitFor(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
            launcher.destroyForcibly();
            throw new AssertionError("the launcher did not end: " + said);
        }
        return new Outcome(launcher.exitValue(), said);
    }
}
