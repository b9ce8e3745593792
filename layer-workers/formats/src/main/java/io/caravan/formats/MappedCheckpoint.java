package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A checkpoint over mapped files; thread-safe. */
final class MappedCheckpoint implements Checkpoint {
    private final StoredModel model;
    private final ModelSpec spec;
    private final String fingerprint;
    private final Arena arena;
    private final Map<String, MemorySegment> data = new ConcurrentHashMap<>();

    MappedCheckpoint(StoredModel model, ModelSpec spec, Arena arena) {
        this.model = model;
        this.spec = spec;
        this.fingerprint = Fingerprint.of(spec, model.files());
        this.arena = arena;
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }

    @Override
    public List<Path> files() {
        return model.files().stream().map(StoredFile::path).toList();
    }

    @Override
    public List<String> strays() {
        return Files.isDirectory(model.path()) ? StrayWeights.beside(model.path(), model.files()) : List.of();
    }

    @Override
    public boolean has(String name) {
        return model.tensors().containsKey(name);
    }

    @Override
    public WeightView tensor(String name, long... shape) {
        StoredTensor tensor = require(model, name, shape);
        TensorType type = tensor.type();
        return new WeightView(
                name,
                type,
                tensor.shape(),
                data.computeIfAbsent(name, absent -> aligned(tensor, alignmentBytes(type))));
    }

    @Override
    public void close() {
        arena.close();
    }

    /** The tensor called {@code name}, after its presence, shape and type were checked. */
    static StoredTensor require(StoredModel model, String name, long... shape) {
        StoredTensor tensor = model.tensors().get(name);
        List<Long> expected = Arrays.stream(shape).boxed().toList();
        if (tensor == null && model.tensors().containsKey(name.replace(".weight", ".qweight"))) {
            throw new ModelFormatException(model.path() + " holds " + name.replace(".weight", ".qweight")
                    + ": weights quantised as GPTQ and AWQ do are not supported; F32, F16, BF16 and GGUF are");
        }
        if (tensor == null) {
            throw new ModelFormatException(
                    model.path() + " has no tensor " + name + ", which must have the shape " + expected);
        }
        if (!tensor.shape().equals(expected)) {
            throw new ModelFormatException(tensor.path() + ": tensor " + name + " has the shape " + tensor.shape()
                    + ", but " + model.configuration() + " asks for " + expected);
        }
        tensor.type();
        return tensor;
    }

    /** Quantisation blocks are read byte by byte. */
    private static long alignmentBytes(TensorType type) {
        return type.quantised() ? 1 : type.blockBytes();
    }

    /** Kernels read whole elements, so a tensor that old writers left at an odd address is copied once. */
    private MemorySegment aligned(StoredTensor tensor, long elementBytes) {
        MemorySegment stored = tensor.data(arena).asReadOnly();
        if (stored.address() % elementBytes == 0) {
            return stored;
        }
        MemorySegment copy = arena.allocate(stored.byteSize(), elementBytes);
        return copy.copyFrom(stored).asReadOnly();
    }
}
