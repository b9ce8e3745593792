package io.caravan.cli.home;

import io.caravan.cli.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The user's folder for what outlives a process: logs, state of running clusters, chat history, synthetic models. */
public record CaravanHome(Path path) {

    /** {@code CARAVAN_HOME}, or {@code .caravan} in the user's home. */
    public static CaravanHome of(Map<String, String> environment) {
        String named = environment.getOrDefault("CARAVAN_HOME", "");
        return new CaravanHome(
                named.isBlank()
                        ? Path.of(System.getProperty("user.home"), ".caravan")
                        : Path.of(named).toAbsolutePath());
    }

    public Path logs() {
        return folder("logs");
    }

    /** State files of running processes. */
    public Path run() {
        return folder("run");
    }

    /** Synthetic models that {@code bench} wrote. */
    public Path models() {
        return folder("models");
    }

    /** Packed weights; made when there are some. */
    public Path weights() {
        return path.resolve("weights");
    }

    public Path chatHistory() {
        return folder(".").resolve("chat-history");
    }

    private Path folder(String name) {
        var folder = path.resolve(name).normalize();
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new CliException(
                    "cannot make " + folder + " (" + e.getMessage() + "); CARAVAN_HOME may name another place", e);
        }
    }
}
