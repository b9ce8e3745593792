package io.caravan.formats;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Which safetensors files make up the checkpoint in a folder.
 *
 * @param paths the files, sorted by name
 * @param places tensor name to file name, as the index of a sharded checkpoint promises; empty for a single file
 */
record CheckpointFiles(List<Path> paths, Map<String, String> places) {
    static final String CONFIG = "config.json";
    static final String GENERATION_CONFIG = "generation_config.json";
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    /** What names of shards match. */
    static final String SHARD = "model-\\d+-of-\\d+\\.safetensors";

    static CheckpointFiles in(Path directory) {
        requireDirectory(directory);
        if (Files.exists(directory.resolve(INDEX))) {
            return sharded(directory); // says what it holds, which a single file beside it does not
        }
        if (Files.exists(directory.resolve(SINGLE))) {
            return new CheckpointFiles(List.of(directory.resolve(SINGLE)), Map.of());
        }
        throw unusable(directory);
    }

    /** Whether {@code directory} has the files of this layout, complete or not. */
    static boolean areIn(Path directory) {
        return Files.exists(directory.resolve(SINGLE)) || Files.exists(directory.resolve(INDEX));
    }

    private static void requireDirectory(Path directory) {
        if (Files.isRegularFile(directory)) {
            throw new ModelFormatException(
                    directory + " is a file" + kindOf(directory.getFileName().toString())
                            + "; give a GGUF file, or the folder that holds " + CONFIG + " and " + SINGLE);
        }
        if (!Files.isDirectory(directory)) {
            throw new ModelFormatException("there is no model " + directory);
        }
    }

    private static CheckpointFiles sharded(Path directory) {
        Path index = directory.resolve(INDEX);
        JsonFields weightMap = JsonFields.read(index).requireObject("weight_map");
        var places = new TreeMap<String, String>();
        for (String tensor : weightMap.keys()) {
            String shard = weightMap.requireText(tensor);
            if (!shard.endsWith(".safetensors") || shard.contains("/") || shard.contains("\\")) {
                throw weightMap.wrong(tensor, "the name of a .safetensors file in the same folder");
            }
            places.put(tensor, shard);
        }
        var shards = new TreeSet<>(places.values());
        List<String> missing = shards.stream()
                .filter(shard -> !Files.exists(directory.resolve(shard)))
                .toList();
        if (shards.isEmpty() || !missing.isEmpty()) {
            throw new ModelFormatException(
                    shards.isEmpty()
                            ? index + ": \"weight_map\" is empty"
                            : directory + " lacks " + missing.size() + " of the " + shards.size() + " files that its "
                                    + INDEX + " names: " + abbreviate(missing)
                                    + (Files.exists(directory.resolve(SINGLE))
                                            ? "; if " + SINGLE + " is the model, remove " + INDEX
                                            : ""));
        }
        return new CheckpointFiles(shards.stream().map(directory::resolve).toList(), places);
    }

    private static ModelFormatException unusable(Path directory) {
        List<String> names = names(directory);
        var found = new ArrayList<String>();
        for (String name : names) {
            String kind = kindOf(name);
            if (!kind.isEmpty()) {
                found.add(name + kind);
            }
        }
        return new ModelFormatException(directory + " has neither " + SINGLE + " nor " + INDEX
                + (found.isEmpty() ? "" : "; it holds " + abbreviate(found))
                + ". Hugging Face safetensors (F32, F16 or BF16), GGUF and Meta's consolidated.NN.pth with params.json"
                + " are supported");
    }

    private static String kindOf(String name) {
        if (name.startsWith("adapter_model.")) {
            return " (a LoRA adapter without its base model: merge it first)";
        }
        if (name.matches(SHARD)) {
            return " (a shard, whose " + INDEX + " is missing)";
        }
        if (name.endsWith(".safetensors")) {
            return " (safetensors under another name)";
        }
        if (name.endsWith(".ggml")) {
            return " (of a format before GGUF, not supported)";
        }
        if (name.matches("consolidated\\..*\\.pth")) {
            return " (Meta's own checkpoint, whose params.json is missing)";
        }
        if (name.matches(".*\\.(bin|pth?|ckpt)")) {
            return " (a PyTorch pickle, not supported: convert it to safetensors)";
        }
        return name.matches(".*\\.(onnx|h5|msgpack|npz)") ? " (not supported)" : "";
    }

    private static List<String> names(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(each -> each.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new ModelFormatException("cannot list " + directory + ": " + e, e);
        }
    }

    private static String abbreviate(List<String> names) {
        int shown = Math.min(4, names.size());
        String text = String.join(", ", names.subList(0, shown));
        return shown == names.size() ? text : text + " and " + (names.size() - shown) + " more";
    }
}
