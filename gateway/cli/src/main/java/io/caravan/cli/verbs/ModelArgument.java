package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import io.caravan.cli.config.Setting;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Parameters;

/** The model that a verb is about. */
final class ModelArgument {
    private static final Path SHIPPED = Path.of("models", "tiny-chat");

    @Setting(key = "caravan.model", env = "CARAVAN_MODEL")
    @Parameters(
            paramLabel = "MODEL",
            arity = "0..1",
            description =
                    "Folder of a checkpoint, or a GGUF file (default: the small model that comes with Caravan). [CARAVAN_MODEL]")
    private String model;

    /** The folder or file that {@code config} names, or the folder of the shipped model. */
    static Path directory(Config config) {
        String named = config.getString("caravan.model");
        var directory =
                named.isBlank() ? shipped() : Path.of(named).toAbsolutePath().normalize();
        if (!Files.exists(directory)) {
            throw new CliException("there is no model " + directory);
        }
        return directory;
    }

    private static Path shipped() {
        String dist = System.getProperty("caravan.dist", "");
        if (dist.isEmpty()) {
            throw new CliException("name a MODEL: the one that comes with Caravan is only known to its launcher");
        }
        return Path.of(dist).resolve(SHIPPED);
    }
}
