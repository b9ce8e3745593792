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
import java.util.Set;

/**
 * Starts another Caravan process with this one's Java, class path and JVM options: those of the launcher, and
 * {@code CARAVAN_JAVA_OPTS}.
 */
public final class JavaProcess {
    private static final String JAVA_OPTIONS = "CARAVAN_JAVA_OPTS";

    /** With these arguments kernels are native where they were once seen to work. */
    private static final Set<String> OF_NATIVE_KERNELS = Set.of("--kernels=auto", "--kernels=native");

    private JavaProcess() {}

    /**
     * Starts {@code caravan arguments...} as a process that computes; what it prints replaces what is in {@code output}.
     */
    public static Process start(List<String> arguments, Path output) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options("jvm.options"));
        var dist = System.getProperty("caravan.dist");
        var ofNative = Path.of(dist == null ? "" : dist, "native.aot");
        if (Files.exists(ofNative) && arguments.stream().anyMatch(OF_NATIVE_KERNELS::contains)) {
            command.addAll(quickStart(ofNative));
            command.addAll(options("native.options"));
        } else {
            command.addAll(options("kernels.options"));
            command.addAll(quickStart(ofNative.resolveSibling("worker.aot")));
        }
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

    /** The flags for {@code cache}, which the launcher prepares; none where there is no cache. */
    private static List<String> quickStart(Path cache) {
        return Files.exists(cache) ? List.of("-XX:AOTCache=" + cache, "-Xlog:aot=off") : List.of();
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
