package io.caravan.cli.verbs;

import io.caravan.cli.config.Setting;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What the verbs for people who port models take. */
final class PortingFlags {
    @Setting(key = "caravan.model", env = "CARAVAN_MODEL")
    @Parameters(
            paramLabel = "MODEL_DIR",
            arity = "0..1",
            description = "Folder of a checkpoint; it needs no tokenizer. [CARAVAN_MODEL]")
    private Path model;

    @Option(names = "--ids", required = true, split = ",", paramLabel = "ID", description = "The prompt's token ids.")
    private List<Integer> ids;

    @Option(names = "--processes", description = "Run each stage in a worker process of its own.")
    private boolean processes;

    /** The prompt. */
    List<Integer> ids() {
        return ids;
    }

    boolean processes() {
        return processes;
    }
}
