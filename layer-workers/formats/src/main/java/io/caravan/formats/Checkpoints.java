package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Opens checkpoint folders. Opening reads headers only, a few kilobytes a file, and checks them all: a model that opens
 * has every tensor in its shape, so that a stage cannot find out halfway through loading.
 */
public final class Checkpoints {
    private Checkpoints() {}

    /**
     * Opens the Hugging Face checkpoint in {@code directory}.
     *
     * @throws ModelFormatException when it is not one, is incomplete or damaged, or is of a kind that is not supported
     */
    @SuppressWarnings("MustBeClosedChecker") // the checkpoint closes the arena, and so does the handler when it fails
    public static Checkpoint open(Path directory) {
        CheckpointFiles found = CheckpointFiles.in(directory);
        ModelSpec configured = ModelConfig.read(directory);
        Arena arena = Arena.ofShared();
        try {
            var files = new ArrayList<SafetensorsFile>();
            for (Path path : found.paths()) {
                files.add(SafetensorsFile.map(path, arena));
            }
            Map<String, MappedTensor> tensors = byName(files);
            checkIndex(directory, found.places(), tensors);
            checkTensors(directory, new LlamaTensors(configured), tensors);
            ModelSpec spec = configured.withWeightType(commonestType(new LlamaTensors(configured), tensors));
            String fingerprint = Fingerprint.of(spec, files);
            return new MappedCheckpoint(spec, fingerprint, directory, tensors, arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private static Map<String, MappedTensor> byName(List<SafetensorsFile> files) {
        var tensors = new TreeMap<String, MappedTensor>();
        for (SafetensorsFile file : files) {
            for (SafetensorsHeader.Entry entry : file.header().entries()) {
                MappedTensor other = tensors.put(entry.name(), new MappedTensor(file, entry));
                if (other != null) {
                    throw new ModelFormatException("tensor " + entry.name() + " is both in "
                            + other.file().path() + " and in " + file.path() + "; it must be in one file only");
                }
            }
        }
        return tensors;
    }

    private static void checkIndex(Path directory, Map<String, String> places, Map<String, MappedTensor> tensors) {
        places.forEach((name, shard) -> {
            MappedTensor tensor = tensors.get(name);
            if (tensor == null || !tensor.file().path().equals(directory.resolve(shard))) {
                throw new ModelFormatException(directory.resolve(CheckpointFiles.INDEX) + " places tensor " + name
                        + " in " + shard + ", which does not hold it"
                        + (tensor == null ? "" : "; it is in " + tensor.file().path()));
            }
        });
    }

    private static void checkTensors(Path directory, LlamaTensors llama, Map<String, MappedTensor> tensors) {
        ModelSpec spec = llama.spec();
        TensorSlot head = llama.head();
        if (!tensors.containsKey(head.name())
                && tensors.containsKey(llama.embedding().name())) {
            throw new ModelFormatException(directory + " has no tensor " + head.name()
                    + "; either it is missing, or \"tie_word_embeddings\" in " + CheckpointFiles.CONFIG
                    + " must be true");
        }
        // The names are walked layer by layer, so that a layer count of millions stops at the first one missing.
        for (int layer = 0; layer < spec.layerCount(); layer++) {
            for (LlamaTensors.Part part : LlamaTensors.Part.values()) {
                check(directory, llama.layer(layer, part), tensors);
            }
        }
        check(directory, llama.embedding(), tensors);
        check(directory, llama.norm(), tensors);
        check(directory, head, tensors);
        tensors.values().forEach(tensor -> refuseStranger(llama, tensor));
    }

    private static void check(Path directory, TensorSlot slot, Map<String, MappedTensor> tensors) {
        MappedCheckpoint.require(
                tensors,
                directory,
                slot.name(),
                slot.shape().stream().mapToLong(Long::longValue).toArray());
    }

    /**
     * A tensor inside a layer that the arithmetic has no place for (a bias, a norm of queries, a layer too many) means
     * that the model is not what its configuration says; tensors elsewhere are left alone, as are stored constants.
     */
    private static void refuseStranger(LlamaTensors llama, MappedTensor tensor) {
        String name = tensor.entry().name();
        if (!name.startsWith(LlamaTensors.LAYER_PREFIX) || name.contains(".rotary_emb.")) {
            return;
        }
        if (!llama.hasInLayers(name)) {
            throw new ModelFormatException(tensor.file().path() + " holds tensor " + name + ", which a model of "
                    + llama.spec().layerCount() + " layers as " + CheckpointFiles.CONFIG
                    + " describes it has no place for");
        }
    }

    private static TensorType commonestType(LlamaTensors llama, Map<String, MappedTensor> tensors) {
        var bytes = new EnumMap<TensorType, Long>(TensorType.class);
        for (TensorSlot slot : llama.all()) {
            MappedTensor tensor = tensors.get(slot.name());
            bytes.merge(tensor.type(), tensor.data().byteSize(), Long::sum);
        }
        return bytes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }
}
