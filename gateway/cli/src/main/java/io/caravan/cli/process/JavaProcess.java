package io.caravan.cli.process;

import io.caravan.cli.Caravan;
import io.caravan.cli.CliException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Starts another Caravan process with this one's Java, class path and JVM options: those of the launcher, and
 * {@code CARAVAN_JAVA_OPTS}.
 */
public final class JavaProcess {
    private static final String JAVA_OPTIONS = "CARAVAN_JAVA_OPTS";

    /** Folder of the caches that the launcher has found whole. */
    private static final String CACHES = "caravan.caches";

    /** The file of the flags for native kernels, where it is not the usual one. */
    private static final String NATIVE_OPTIONS = "caravan.native-options";

    private JavaProcess() {}

    /** Whether the launcher has seen native kernels work here. */
    public static boolean nativeKernelsWereSeen() {
        return !quickStart("native.aot").isEmpty();
    }

    /**
     * Starts {@code caravan arguments...} as a process that computes; what it prints replaces what is in {@code output}.
     *
     * @param nativeKernels whether its kernels are native for sure: the JVM is started for them alone
     */
    public static Process start(List<String> arguments, boolean nativeKernels, Path output) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options("jvm.options"));
        command.addAll(
                options(nativeKernels ? System.getProperty(NATIVE_OPTIONS, "native.options") : "kernels.options"));
        command.addAll(quickStart(nativeKernels ? "native.aot" : "worker.aot"));
        var dist = System.getProperty("caravan.dist");
        if (dist != null) {
            command.add("-Dcaravan.dist=" + dist);
        }
        command.addAll(words(System.getenv().getOrDefault(JAVA_OPTIONS, "")));
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(Caravan.class.getName());
        command.addAll(arguments);
        var builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(output.toFile());
        try {
            return builder.start();
        } catch (IOException e) {
            throw new CliException("cannot start a process: " + e.getMessage(), e);
        }
    }

    /** The flags for a cache; none where the launcher has not made it. */
    private static List<String> quickStart(String cache) {
        var caches = System.getProperty(CACHES);
        return caches != null && Files.exists(Path.of(caches, cache))
                ? List.of("-XX:AOTCache=" + Path.of(caches, cache), "-Xlog:aot=off")
                : List.of();
    }

    /** The flags in one of the option files that the launcher gives to Java too. */
    static List<String> options(String file) {
        try (InputStream in = Caravan.class.getResourceAsStream(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .flatMap(line -> words(line).stream())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.strip().split("\\s+"))
                .filter(word -> !word.isEmpty())
                .toList();
    }
}
