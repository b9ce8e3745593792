package io.caravan.formats;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** A tensor and the mapped safetensors file that holds it. */
record MappedTensor(SafetensorsFile file, SafetensorsHeader.Entry entry) implements StoredTensor {

    @Override
    public String name() {
        return entry.name();
    }

    @Override
    public List<Long> shape() {
        return entry.shape();
    }

    @Override
    public Path path() {
        return file.path();
    }

    @Override
    public MemorySegment data(Arena arena) {
        return file.data().asSlice(entry.begin(), entry.end() - entry.begin());
    }

    /** The storage type; any but F32, F16 and BF16 is refused by its name. */
    @Override
    public TensorType type() {
        return switch (entry.dtype()) {
            case "F32" -> TensorType.F32;
            case "F16" -> TensorType.F16;
            case "BF16" -> TensorType.BF16;
            default ->
                throw new ModelFormatException(file.path() + ": tensor " + entry.name() + " is stored as "
                        + entry.dtype() + "; F32, F16 and BF16 are supported");
        };
    }
}
