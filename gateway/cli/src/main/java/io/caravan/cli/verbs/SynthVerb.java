package io.caravan.cli.verbs;

import io.caravan.cli.CliException;
import io.caravan.cli.FileTrouble;
import io.caravan.cli.Progress;
import io.caravan.cli.config.Setting;
import io.caravan.formats.ModelShape;
import io.caravan.formats.SyntheticCheckpoint;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a random model. */
@Command(name = "synth", description = "Write a random model of a shape, to measure with.")
public final class SynthVerb extends Verb {
    @Parameters(
            index = "0",
            paramLabel = "SHAPE",
            description =
                    "7b, 13b, 33b, 65b, llama3-8b, 1b, or dimensions as dim=256,layers=4,heads=8,ffn=688,vocab=1000.")
    private String shape;

    @Parameters(index = "1", paramLabel = "DIR", description = "A new or empty folder.")
    private Path directory;

    @Option(names = "--type", paramLabel = "F32|F16|BF16", defaultValue = "BF16", description = "Of the weights.")
    private TensorType type;

    @Setting(key = "caravan.bench.seed", env = "CARAVAN_SEED")
    @Option(names = "--seed", paramLabel = "N", description = "Equal seeds give equal files. [CARAVAN_SEED]")
    private Long seed;

    @Override
    public Integer call() {
        var config = settings(Map.of());
        write(shape(shape, type), directory, config.getLong("caravan.bench.seed"), Progress.onStandardError());
        System.out.println(directory);
        return OK;
    }

    /** The shape that {@code text} names or describes. */
    static ModelSpec shape(String text, TensorType type) {
        try {
            return ModelShape.parse(text, type);
        } catch (IllegalArgumentException e) {
            throw new CliException(e.getMessage(), e);
        }
    }

    /** Writes a random model and tells how far it is. */
    static void write(ModelSpec spec, Path directory, long seed, Progress progress) {
        long totalBytes = spec.weightType().bytes(spec.parameterCount());
        progress.say(String.format(
                Locale.ROOT,
                "Writing %,d random parameters (%.2f GB) to %s ...",
                spec.parameterCount(),
                totalBytes / 1e9,
                directory));
        try {
            SyntheticCheckpoint.write(
                    spec,
                    directory,
                    seed,
                    (written, total) -> progress.update("  %d%%".formatted(written * 10 / total * 10)));
        } catch (IOException e) {
            throw new CliException("cannot write a model to " + directory + ": " + FileTrouble.of(e), e);
        } finally {
            progress.clear();
        }
    }
}
