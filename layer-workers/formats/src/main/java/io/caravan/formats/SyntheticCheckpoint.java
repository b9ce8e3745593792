package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Writes checkpoints with random weights, to measure a model's size and speed without its weights. They open like any
 * other. Files are written under names that end in {@link #PARTIAL} and renamed when all are complete, {@code config.json}
 * last; so what a crash leaves behind does not open as a model.
 */
public final class SyntheticCheckpoint {
    static final String PARTIAL = ".partial";

    /** Most bytes of tensors in one file, unless a single tensor has more. */
    static final long MAX_SHARD_BYTES = 5_000_000_000L;

    private static final int HEADER_ALIGNMENT = 64;

    private final ModelSpec spec;
    private final Path directory;
    private final long maxShardBytes;
    private final Progress progress;
    private final List<Path> partials = new ArrayList<>();
    private long writtenBytes;

    /** Told of the bytes written so far, every one or few megabytes. */
    @FunctionalInterface
    public interface Progress {
        void written(long bytes, long totalBytes);
    }

    private SyntheticCheckpoint(ModelSpec spec, Path directory, long maxShardBytes, Progress progress) {
        this.spec = spec;
        this.directory = directory;
        this.maxShardBytes = maxShardBytes;
        this.progress = progress;
    }

    /**
     * Writes a random model of the shape and weight type of {@code spec} into {@code directory}, which is made if need be
     * and must be empty but for what a broken-off run left. Equal seeds give equal files.
     *
     * @throws IOException when the folder is not empty, the disk has no room, or writing fails; what was written is
     *     removed
     */
    public static void write(ModelSpec spec, Path directory, long seed, Progress progress) throws IOException {
        write(spec, directory, seed, MAX_SHARD_BYTES, progress);
    }

    static void write(ModelSpec spec, Path directory, long seed, long maxShardBytes, Progress progress)
            throws IOException {
        new SyntheticCheckpoint(spec, directory, maxShardBytes, progress).write(seed);
    }

    private void write(long seed) throws IOException {
        prepareDirectory();
        try {
            List<List<TensorSlot>> shards = shards();
            var weights = new RandomWeights(spec, seed);
            var places = new LinkedHashMap<String, String>();
            for (int i = 0; i < shards.size(); i++) {
                String name = shards.size() == 1
                        ? CheckpointFiles.SINGLE
                        : "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
                writeShard(name, shards.get(i), weights);
                shards.get(i).forEach(slot -> places.put(slot.name(), name));
            }
            writeJson(shards.size() > 1, places);
            for (Path partial : partials) {
                String name = partial.getFileName().toString();
                Path target = partial.resolveSibling(name.substring(0, name.length() - PARTIAL.length()));
                Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
            }
        } finally {
            for (Path partial : partials) {
                Files.deleteIfExists(partial); // none is left unless something failed
            }
        }
    }

    private void prepareDirectory() throws IOException {
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw new FileAlreadyExistsException(directory + " is a file; a model needs a folder of its own");
        }
        Files.createDirectories(directory);
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : entries.toList()) {
                if (!entry.getFileName().toString().endsWith(PARTIAL)) {
                    throw new FileAlreadyExistsException(directory + " is not empty (it holds " + entry.getFileName()
                            + "); give a new or an empty folder");
                }
                Files.delete(entry);
            }
        }
        long room = Files.getFileStore(directory).getUsableSpace();
        if (room < totalBytes()) {
            throw new IOException("the model takes " + totalBytes() + " bytes, but the disk of " + directory
                    + " has only " + room + " left");
        }
    }

    private long totalBytes() {
        return spec.weightType().bytes(spec.parameterCount());
    }

    private List<List<TensorSlot>> shards() {
        var shards = new ArrayList<List<TensorSlot>>();
        long shardBytes = maxShardBytes;
        for (TensorSlot slot : new LlamaTensors(spec).all()) {
            long bytes = spec.weightType().bytes(slot.elementCount());
            if (shards.isEmpty() || shardBytes + bytes > maxShardBytes) {
                shards.add(new ArrayList<>());
                shardBytes = 0;
            }
            shards.getLast().add(slot);
            shardBytes += bytes;
        }
        return shards;
    }

    private void writeShard(String name, List<TensorSlot> slots, RandomWeights weights) throws IOException {
        byte[] header = header(slots);
        try (FileChannel channel =
                FileChannel.open(partial(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeFully(
                    channel,
                    ByteBuffer.allocate(SafetensorsHeader.PREFIX_BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(0, header.length));
            writeFully(channel, ByteBuffer.wrap(header));
            for (TensorSlot slot : slots) {
                weights.write(slot, channel, this::advance);
            }
            channel.force(true);
        }
    }

    private void advance(long count) {
        writtenBytes += count;
        progress.written(writtenBytes, totalBytes());
    }

    private byte[] header(List<TensorSlot> slots) {
        var tensors = new LinkedHashMap<String, Object>();
        tensors.put(SafetensorsHeader.METADATA, Map.of("format", "pt"));
        long begin = 0;
        for (TensorSlot slot : slots) {
            long end = begin + spec.weightType().bytes(slot.elementCount());
            var entry = new LinkedHashMap<String, Object>();
            entry.put("dtype", spec.weightType().name());
            entry.put("shape", slot.shape());
            entry.put("data_offsets", List.of(begin, end));
            tensors.put(slot.name(), entry);
            begin = end;
        }
        byte[] json = JsonFields.encode(tensors);
        byte[] padded = Arrays.copyOf(json, Math.ceilDiv(json.length, HEADER_ALIGNMENT) * HEADER_ALIGNMENT);
        Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        return padded;
    }

    private void writeJson(boolean sharded, Map<String, String> places) throws IOException {
        if (sharded) {
            var index = new LinkedHashMap<String, Object>();
            index.put("metadata", Map.of("total_size", totalBytes()));
            index.put("weight_map", places);
            Files.write(partial(CheckpointFiles.INDEX), JsonFields.encode(index));
        }
        Files.write(partial(CheckpointFiles.GENERATION_CONFIG), JsonFields.encode(ConfigWriter.generationConfig(spec)));
        Files.write(partial(CheckpointFiles.CONFIG), JsonFields.encode(ConfigWriter.config(spec)));
    }

    private Path partial(String name) {
        Path path = directory.resolve(name + PARTIAL);
        partials.add(path);
        return path;
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
