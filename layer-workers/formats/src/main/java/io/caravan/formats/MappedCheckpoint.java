package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A checkpoint over mapped safetensors files; thread-safe. */
final class MappedCheckpoint implements Checkpoint {
    private final ModelSpec spec;
    private final String fingerprint;
    private final Path directory;
    private final Map<String, MappedTensor> tensors;
    private final Arena arena;
    private final Map<String, MemorySegment> aligned = new ConcurrentHashMap<>();

    MappedCheckpoint(
            ModelSpec spec, String fingerprint, Path directory, Map<String, MappedTensor> tensors, Arena arena) {
        this.spec = spec;
        this.fingerprint = fingerprint;
        this.directory = directory;
        this.tensors = tensors;
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
    public boolean has(String name) {
        return tensors.containsKey(name);
    }

    @Override
    public WeightView tensor(String name, long... shape) {
        MappedTensor tensor = require(tensors, directory, name, shape);
        TensorType type = tensor.type();
        return new WeightView(name, type, tensor.entry().shape(), aligned(tensor, type.bytes(1)));
    }

    @Override
    public void close() {
        arena.close();
    }

    /** The tensor called {@code name}, after its presence, shape and type were checked. */
    static MappedTensor require(Map<String, MappedTensor> tensors, Path directory, String name, long... shape) {
        MappedTensor tensor = tensors.get(name);
        List<Long> expected = Arrays.stream(shape).boxed().toList();
        if (tensor == null) {
            throw new ModelFormatException(
                    directory + " has no tensor " + name + ", which must have the shape " + expected);
        }
        if (!tensor.entry().shape().equals(expected)) {
            throw new ModelFormatException(tensor.file().path() + ": tensor " + name + " has the shape "
                    + tensor.entry().shape() + ", but " + CheckpointFiles.CONFIG + " asks for " + expected);
        }
        tensor.type();
        return tensor;
    }

    /** Kernels read whole elements, so a tensor that old writers left at an odd address is copied once. */
    private MemorySegment aligned(MappedTensor tensor, long elementBytes) {
        MemorySegment data = tensor.data();
        if (data.address() % elementBytes == 0) {
            return data;
        }
        return aligned.computeIfAbsent(tensor.entry().name(), name -> {
            MemorySegment copy = arena.allocate(data.byteSize(), elementBytes);
            return copy.copyFrom(data).asReadOnly();
        });
    }
}
