package io.caravan.cli.home;

import io.caravan.cli.CliException;
import io.caravan.cli.FileTrouble;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The user's folder for what outlives a process: logs, state of running clusters, chat history, synthetic models. */
public record CaravanHome(Path path) {

    /** {@code CARAVAN_HOME}, or {@code .caravan} in the user's home: {@code HOME}, or what the system says where that is not set. */
    public static CaravanHome of(Map<String, String> environment) {
        String named = environment.getOrDefault("CARAVAN_HOME", "");
        if (!named.isBlank()) {
            return new CaravanHome(Path.of(named).toAbsolutePath());
        }
        String home = environment.getOrDefault("HOME", "");
        var user = Path.of(home.isBlank() ? System.getProperty("user.home") : home);
        if (!user.isAbsolute()) { // Java says "?" of a user that the system does not know
            throw new CliException("this user has no home folder for logs and state; CARAVAN_HOME names one");
        }
        return new CaravanHome(user.resolve(".caravan"));
    }

    public Path logs() {
        return folder("logs");
    }

    /** State files of running processes; made when there are some. */
    public Path run() {
        return path.resolve("run");
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
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw unusable("cannot make the folder " + folder + " (" + FileTrouble.of(e) + ")");
        }
        if (!Files.isWritable(folder)) {
            throw unusable("nothing can be written to the folder " + folder);
        }
        return folder;
    }

    private static CliException unusable(String what) {
        return new CliException(what + "; CARAVAN_HOME may name another place");
    }
}
