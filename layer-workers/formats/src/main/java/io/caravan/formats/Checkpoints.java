package io.caravan.formats;

import io.caravan.formats.gguf.GgufFiles;
import io.caravan.formats.gguf.GgufModel;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/**
 * Opens checkpoints: a folder in Hugging Face's or Meta's layout, one with a GGUF model, or a GGUF file. Opening reads
 * headers only, a few kilobytes a file (megabytes with a vocabulary), and checks them all: a model that opens has every
 * tensor in its shape, so that a stage cannot find out halfway through loading.
 */
public final class Checkpoints {
    private Checkpoints() {}

    /**
     * Opens the checkpoint at {@code path}.
     *
     * @throws ModelFormatException when it is not one, is incomplete or damaged, or is of a kind that is not supported
     */
    @SuppressWarnings("MustBeClosedChecker") // the checkpoint closes the arena, and so does the handler when it fails
    public static Checkpoint open(Path path) {
        Arena arena = Arena.ofShared();
        try {
            StoredModel model = read(path, arena);
            var llama = new LlamaTensors(model.spec());
            checkTensors(model, llama);
            return new MappedCheckpoint(model, model.spec().withWeightType(commonestType(model, llama)), arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /**
     * What the model at {@code path} is, without its weights, which need not be there where a configuration file says
     * all. The weight type is the declared one, which the tensors need not follow.
     *
     * @throws ModelFormatException when it cannot be told, or is of a kind that is not supported
     */
    public static ModelSpec spec(Path path) {
        if (!isGguf(path) && Files.exists(path.resolve(CheckpointFiles.CONFIG))) {
            return ModelConfig.read(path);
        }
        try (Arena arena = Arena.ofConfined()) {
            return read(path, arena).spec();
        }
    }

    /** Each format has a reader of its own. */
    private static StoredModel read(Path path, Arena arena) {
        if (isGguf(path)) {
            return GgufModel.read(path, arena);
        }
        return !CheckpointFiles.areIn(path) && Files.isDirectory(path) && MetaModel.isIn(path)
                ? MetaModel.read(path, arena)
                : SafetensorsModel.read(path, arena);
    }

    /** Whether {@code path} is a GGUF file, or a folder with such a model and no safetensors. */
    public static boolean isGguf(Path path) {
        return !CheckpointFiles.areIn(path) && GgufFiles.present(path);
    }

    private static void checkTensors(StoredModel model, LlamaTensors llama) {
        var tensors = model.tensors();
        TensorSlot head = llama.head();
        if (!tensors.containsKey(head.name())
                && tensors.containsKey(llama.embedding().name())) {
            throw new ModelFormatException(model.path() + " has no tensor " + head.name() + "; either it is missing, or"
                    + " \"tie_word_embeddings\" in " + model.configuration() + " must be true");
        }
        // The names are walked layer by layer, so that a layer count of millions stops at the first one missing.
        for (int layer = 0; layer < llama.spec().layerCount(); layer++) {
            for (LlamaTensors.Part part : llama.parts()) {
                check(model, llama.layer(layer, part));
            }
        }
        check(model, llama.embedding());
        check(model, llama.norm());
        check(model, head);
        tensors.values().forEach(tensor -> refuseStranger(model, llama, tensor));
    }

    private static void check(StoredModel model, TensorSlot slot) {
        MappedCheckpoint.require(
                model,
                slot.name(),
                slot.shape().stream().mapToLong(Long::longValue).toArray());
    }

    /**
     * A tensor inside a layer that the arithmetic has no place for (a bias, a norm of queries, a layer too many) means
     * that the model is not what its configuration says; tensors elsewhere are left alone, as are stored constants.
     */
    private static void refuseStranger(StoredModel model, LlamaTensors llama, StoredTensor tensor) {
        String name = tensor.name();
        if (!name.startsWith(LlamaTensors.LAYER_PREFIX) || name.contains(".rotary_emb.")) {
            return;
        }
        if (!llama.hasInLayers(name)) {
            throw new ModelFormatException(tensor.path() + " holds tensor " + name + ", which a model of "
                    + llama.spec().layerCount() + " layers as " + model.configuration()
                    + " describes it has no place for");
        }
    }

    private static TensorType commonestType(StoredModel model, LlamaTensors llama) {
        var bytes = new EnumMap<TensorType, Long>(TensorType.class);
        for (TensorSlot slot : llama.all()) {
            TensorType type = model.tensors().get(slot.name()).type();
            bytes.merge(type, type.bytes(slot.elementCount()), Long::sum);
        }
        return bytes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }
}
