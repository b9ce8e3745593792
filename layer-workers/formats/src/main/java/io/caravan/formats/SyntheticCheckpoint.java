package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Writes checkpoints with random weights, to measure a model's size and speed without its weights. They open like any
 * other.
 */
public final class SyntheticCheckpoint {
    /** Told of the bytes written so far, every one or few megabytes. */
    @FunctionalInterface
    public interface Progress {
        void written(long bytes, long totalBytes);
    }

    private SyntheticCheckpoint() {}

    /**
     * Writes a random model of the shape and weight type of {@code spec} into {@code directory}, which is made if need be
     * and must be empty but for what a broken-off run left. Equal seeds give equal files.
     *
     * @throws IOException when the folder is not empty, the disk has no room, or writing fails; what was written is
     *     removed
     */
    public static void write(ModelSpec spec, Path directory, long seed, Progress progress) throws IOException {
        write(spec, directory, seed, SafetensorsFolder.MAX_SHARD_BYTES, progress);
    }

    static void write(ModelSpec spec, Path directory, long seed, long maxShardBytes, Progress progress)
            throws IOException {
        List<PlannedTensor> tensors = new LlamaTensors(spec)
                .all().stream()
                        .map(slot -> new PlannedTensor(slot, spec.weightType()))
                        .toList();
        long totalBytes = tensors.stream().mapToLong(PlannedTensor::bytes).sum();
        var files = Map.of(
                CheckpointFiles.CONFIG, JsonFields.encode(ConfigWriter.config(spec)),
                CheckpointFiles.GENERATION_CONFIG, JsonFields.encode(ConfigWriter.generationConfig(spec)));
        var weights = new RandomWeights(spec, seed);
        var written = new long[1];
        SafetensorsFolder.write(
                directory,
                tensors,
                files,
                false,
                maxShardBytes,
                (tensor, order, channel) -> weights.write(tensor.slot(), channel, count -> {
                    written[0] += count;
                    progress.written(written[0], totalBytes);
                }));
    }
}
