package io.caravan.formats;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** A folder in Hugging Face's layout: {@code config.json} beside one safetensors file, or several and their index. */
final class SafetensorsModel {
    private SafetensorsModel() {}

    static StoredModel read(Path directory, Arena arena) {
        CheckpointFiles found = CheckpointFiles.in(directory);
        var spec = ModelConfig.read(directory);
        var files = new ArrayList<SafetensorsFile>();
        for (Path path : found.paths()) {
            files.add(SafetensorsFile.map(path, arena));
        }
        SortedMap<String, MappedTensor> tensors = byName(files);
        checkIndex(directory, found.places(), tensors);
        // As in transformers: a head that is stored counts, whether or not the configuration says that it is the
        // embedding.
        boolean untied = spec.tiedEmbeddings() && tensors.containsKey(LlamaTensors.HEAD);
        return new StoredModel(
                directory,
                CheckpointFiles.CONFIG,
                untied ? spec.withHead() : spec,
                tensors,
                files.stream().map(SafetensorsFile::facts).toList());
    }

    private static SortedMap<String, MappedTensor> byName(Iterable<SafetensorsFile> files) {
        var tensors = new TreeMap<String, MappedTensor>();
        for (SafetensorsFile file : files) {
            for (SafetensorsHeader.Entry entry : file.header().entries()) {
                MappedTensor other = tensors.put(entry.name(), new MappedTensor(file, entry));
                if (other != null) {
                    throw new ModelFormatException("tensor " + entry.name() + " is both in " + other.path() + " and in "
                            + file.path() + "; it must be in one file only");
                }
            }
        }
        return tensors;
    }

    private static void checkIndex(Path directory, Map<String, String> places, Map<String, MappedTensor> tensors) {
        places.forEach((name, shard) -> {
            MappedTensor tensor = tensors.get(name);
            if (tensor == null || !tensor.path().equals(directory.resolve(shard))) {
                throw new ModelFormatException(
                        directory.resolve(CheckpointFiles.INDEX) + " places tensor " + name + " in " + shard
                                + ", which does not hold it" + (tensor == null ? "" : "; it is in " + tensor.path()));
            }
        });
    }
}
