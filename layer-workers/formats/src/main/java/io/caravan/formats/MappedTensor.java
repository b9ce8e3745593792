package io.caravan.formats;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;

/** A tensor and the mapped file that holds it. */
record MappedTensor(SafetensorsFile file, SafetensorsHeader.Entry entry) {

    MemorySegment data() {
        return file.data().asSlice(entry.begin(), entry.end() - entry.begin());
    }

    /** The storage type; any but F32, F16 and BF16 is refused by its name. */
    TensorType type() {
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
