package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The commands of the project's README, as people copy them. */
final class Readme {
    private static final Path FILE = Path.of("../../README.md");
    private static final String LAUNCHER = "./caravan ";

    private Readme() {}

    /** The arguments of the one command that begins with {@code beginning}; what stands behind a # is for people. */
    static List<String> arguments(String beginning) {
        var found = text().lines()
                .filter(line -> line.startsWith(LAUNCHER + beginning))
                .map(line -> line.replaceFirst("#.*", "").strip())
                .toList();
        assertThat(found)
                .as("commands of the README that begin with " + beginning)
                .hasSize(1);
        return List.of(found.getFirst().substring(LAUNCHER.length()).split(" +"));
    }

    /** The command that asks a gateway by curl, in as many lines as it has there. */
    static String curl() {
        String text = text();
        int start = text.indexOf("curl http");
        return text.substring(start, text.indexOf("```", start));
    }

    private static String text() {
        try {
            return Files.readString(FILE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
