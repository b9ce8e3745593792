package io.caravan.tests.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A copy of a folder of Node.js programs, with the packages that its lock file names. */
public final class NodeFolder {
    private static final Duration INSTALL_TIMEOUT = Duration.ofMinutes(5);
    private static final String LOCK = "package-lock.json";

    private final Path folder;

    private NodeFolder(Path folder) {
        this.folder = folder;
    }

    /** Copies the files of {@code source} to {@code target} and installs their packages there, where that is needed. */
    public static NodeFolder install(Path source, Path target) {
        try (var files = Files.list(source)) {
            Files.createDirectories(target);
            Path installed = target.resolve("installed-" + LOCK);
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
            if (!Files.exists(installed) || Files.mismatch(installed, source.resolve(LOCK)) >= 0) {
                Program.run(
                        List.of("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
                        target,
                        Map.of(),
                        INSTALL_TIMEOUT);
                Files.copy(source.resolve(LOCK), installed, StandardCopyOption.REPLACE_EXISTING);
            }
            return new NodeFolder(target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file of it. */
    public Path file(String name) {
        return folder.resolve(name);
    }

    /**
     * Runs a file of Node's own test runner.
     *
     * @param environment beside this process's own
     * @throws AssertionError when a test fails; holds all that the runner said
     */
    public void test(String name, Map<String, String> environment, Duration timeout) {
        Program.run(
                List.of("node", "--test", "--test-reporter=spec", file(name).toString()), folder, environment, timeout);
    }
}
