package io.caravan.tests.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs to their end, within a time. */
public final class Program {
    private Program() {}

    /**
     * Runs {@code command} and gives back what it printed.
     *
     * @param environment beside this process's own
     * @throws AssertionError when it fails or takes too long; holds all that it printed
     */
    public static String run(List<String> command, Path directory, Map<String, String> environment, Duration timeout) {
        try {
            Path output = Files.createTempFile("program", ".out");
            try {
                var builder = new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
                builder.environment().putAll(environment);
                Process process = builder.start();
                process.getOutputStream().close();
                boolean ended = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
                if (!ended) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly();
                }
                String printed = Files.readString(output);
                if (!ended || process.exitValue() != 0) {
                    String end = ended ? "exit " + process.exitValue() : "not finished after " + timeout;
                    throw new AssertionError(String.join(" ", command) + ": " + end + "\n" + printed);
                }
                return printed;
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
