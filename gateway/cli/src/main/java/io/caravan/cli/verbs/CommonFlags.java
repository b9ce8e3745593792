package io.caravan.cli.verbs;

import io.caravan.cli.config.Setting;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What every verb takes. */
final class CommonFlags {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    private boolean help;

    @Setting(
            key = {},
            env = "CARAVAN_CONFIG")
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings in HOCON; a flag and an environment variable beat it. [CARAVAN_CONFIG]")
    private Path config = Path.of("");

    @Setting(
            key = {},
            env = "CARAVAN_DEBUG")
    @Option(
            names = {"-v", "--verbose"},
            fallbackValue = "true",
            description = "Log more, and show where an error came from. [CARAVAN_DEBUG]")
    private boolean verbose;

    /** The configuration file; an empty path for none. */
    Path config() {
        return config;
    }

    boolean verbose() {
        return verbose;
    }
}
