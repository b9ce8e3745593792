package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
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
import java.util.function.LongUnaryOperator;
import java.util.stream.Stream;

/**
 * Writes a model in Hugging Face's layout. Files are written under names that end in {@link #PARTIAL} and renamed when all
 * are complete, {@code config.json} last; so what a crash leaves behind does not open as a model.
 */
public final class SafetensorsFolder {
    static final String PARTIAL = ".partial";

    /** Most bytes of tensors in one file, unless a single tensor has more. */
    static final long MAX_SHARD_BYTES = 5_000_000_000L;

    private static final int HEADER_ALIGNMENT = 64;

    private final Path directory;
    private final List<PlannedTensor> tensors;
    private final long maxShardBytes;
    private final List<Path> partials = new ArrayList<>();

    private SafetensorsFolder(Path directory, List<PlannedTensor> tensors, long maxShardBytes) {
        this.directory = directory;
        this.tensors = tensors;
        this.maxShardBytes = maxShardBytes;
    }

    /**
     * Writes {@code tensors} into {@code directory}, which is made if need be.
     *
     * @param files name to contents of what goes beside the tensors, {@code config.json} among them
     * @param overwrite whether the folder may hold something; if not, only what a broken-off run left
     * @throws IOException when the folder is not empty, the disk has no room, or writing fails; what was written is
     *     removed
     * @throws IllegalArgumentException when a tensor is to be quantised, which the format has no types for
     */
    public static void write(
            Path directory, List<PlannedTensor> tensors, Map<String, byte[]> files, boolean overwrite, TensorData data)
            throws IOException {
        write(directory, tensors, files, overwrite, MAX_SHARD_BYTES, data);
    }

    static void write(
            Path directory,
            List<PlannedTensor> tensors,
            Map<String, byte[]> files,
            boolean overwrite,
            long maxShardBytes,
            TensorData data)
            throws IOException {
        for (PlannedTensor tensor : tensors) {
            if (tensor.type().quantised()) {
                throw new IllegalArgumentException("safetensors hold F32, F16 and BF16, not " + tensor.type()
                        + "; a GGUF file holds quantised weights");
            }
        }
        new SafetensorsFolder(directory, tensors, maxShardBytes).write(files, overwrite, data);
    }

    /**
     * The name and contents of the configuration of a model that is written with weights of {@code type}: the one of
     * {@code source} where that has one, else what Hugging Face would write.
     *
     * @throws IllegalArgumentException when the format cannot say what the model needs
     */
    public static Map<String, byte[]> configuration(Path source, ModelSpec spec, TensorType type) {
        if (Checkpoints.isGguf(source) || !Files.exists(source.resolve(CheckpointFiles.CONFIG))) {
            return Map.of(CheckpointFiles.CONFIG, JsonFields.encode(ConfigWriter.config(spec.withWeightType(type))));
        }
        JsonFields config = JsonFields.read(source.resolve(CheckpointFiles.CONFIG));
        return Map.of(CheckpointFiles.CONFIG, config.with("torch_dtype", "dtype", torchName(type)));
    }

    private void write(Map<String, byte[]> files, boolean overwrite, TensorData data) throws IOException {
        prepareDirectory(overwrite);
        try {
            List<List<PlannedTensor>> shards = shards();
            var places = new LinkedHashMap<String, String>();
            for (int i = 0; i < shards.size(); i++) {
                String name = shards.size() == 1
                        ? CheckpointFiles.SINGLE
                        : "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
                writeShard(name, shards.get(i), data);
                shards.get(i).forEach(tensor -> places.put(tensor.name(), name));
            }
            if (shards.size() > 1) {
                var index = new LinkedHashMap<String, Object>();
                index.put("metadata", Map.of("total_size", totalBytes()));
                index.put("weight_map", places);
                Files.write(partial(CheckpointFiles.INDEX), JsonFields.encode(index));
            }
            writeFiles(files);
            removeOldWeights();
            for (Path partial : partials) {
                String name = partial.getFileName().toString();
                Path target = partial.resolveSibling(name.substring(0, name.length() - PARTIAL.length()));
                Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            for (Path partial : partials) {
                Files.deleteIfExists(partial); // none is left unless something failed
            }
        }
    }

    /** What a run that was broken off left in {@code directory}; writing there again removes it. */
    public static List<Path> leftOver(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(entry -> entry.getFileName().toString().endsWith(PARTIAL))
                    .sorted()
                    .toList();
        }
    }

    private void prepareDirectory(boolean overwrite) throws IOException {
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw new FileAlreadyExistsException(
                    directory.toString(), null, "this is a file; a model needs a folder of its own");
        }
        Files.createDirectories(directory);
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : entries.toList()) {
                if (entry.getFileName().toString().endsWith(PARTIAL)) {
                    Files.delete(entry);
                } else if (!overwrite) {
                    throw new FileAlreadyExistsException(
                            directory.toString(),
                            null,
                            "it is not empty (it holds " + entry.getFileName() + "); give a new or an empty folder");
                }
            }
        }
        long room = Files.getFileStore(directory).getUsableSpace();
        if (room < totalBytes()) {
            throw new IOException("the model takes " + totalBytes() + " bytes, but the disk of " + directory
                    + " has only " + room + " left");
        }
    }

    /** An index or shards that were here before would be taken for the model, or for a part of it. */
    private void removeOldWeights() throws IOException {
        Files.deleteIfExists(directory.resolve(CheckpointFiles.CONFIG)); // so that no mixture ever opens as a model
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : entries.toList()) {
                String name = entry.getFileName().toString();
                if (name.equals(CheckpointFiles.INDEX)
                        || name.equals(CheckpointFiles.SINGLE)
                        || name.matches(CheckpointFiles.SHARD)) {
                    Files.delete(entry);
                }
            }
        }
    }

    private long totalBytes() {
        return tensors.stream().mapToLong(PlannedTensor::bytes).sum();
    }

    private List<List<PlannedTensor>> shards() {
        var shards = new ArrayList<List<PlannedTensor>>();
        long shardBytes = maxShardBytes;
        for (PlannedTensor tensor : tensors) {
            if (shards.isEmpty() || shardBytes + tensor.bytes() > maxShardBytes) {
                shards.add(new ArrayList<>());
                shardBytes = 0;
            }
            shards.getLast().add(tensor);
            shardBytes += tensor.bytes();
        }
        return shards;
    }

    private void writeShard(String name, List<PlannedTensor> shard, TensorData data) throws IOException {
        byte[] header = header(shard);
        try (FileChannel channel =
                FileChannel.open(partial(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeFully(
                    channel,
                    ByteBuffer.allocate(SafetensorsHeader.PREFIX_BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(0, header.length));
            writeFully(channel, ByteBuffer.wrap(header));
            for (PlannedTensor tensor : shard) {
                data.write(tensor, LongUnaryOperator.identity(), channel);
            }
            channel.force(true);
        }
    }

    private static byte[] header(List<PlannedTensor> shard) {
        var tensors = new LinkedHashMap<String, Object>();
        tensors.put(SafetensorsHeader.METADATA, Map.of("format", "pt"));
        long begin = 0;
        for (PlannedTensor tensor : shard) {
            long end = begin + tensor.bytes();
            var entry = new LinkedHashMap<String, Object>();
            entry.put("dtype", tensor.type().name());
            entry.put("shape", tensor.shape());
            entry.put("data_offsets", List.of(begin, end));
            tensors.put(tensor.name(), entry);
            begin = end;
        }
        byte[] json = JsonFields.encode(tensors);
        byte[] padded = Arrays.copyOf(json, Math.ceilDiv(json.length, HEADER_ALIGNMENT) * HEADER_ALIGNMENT);
        Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        return padded;
    }

    private void writeFiles(Map<String, byte[]> files) throws IOException {
        for (var file : files.entrySet()) {
            if (!file.getKey().equals(CheckpointFiles.CONFIG)) {
                Files.write(partial(file.getKey()), file.getValue());
            }
        }
        Files.write(partial(CheckpointFiles.CONFIG), files.get(CheckpointFiles.CONFIG));
    }

    private Path partial(String name) {
        Path path = directory.resolve(name + PARTIAL);
        partials.add(path);
        path.toFile().deleteOnExit(); // where the process is told to end
        return path;
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** The {@code torch_dtype} that names a type. */
    static String torchName(TensorType type) {
        return switch (type) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default ->
                throw new IllegalArgumentException("a Hugging Face configuration names plain types only, not " + type);
        };
    }
}
