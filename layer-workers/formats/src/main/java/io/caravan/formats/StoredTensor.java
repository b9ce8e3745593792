package io.caravan.formats;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** A tensor as the files of a checkpoint hold it, under its Hugging Face name and in Hugging Face's shape. */
public interface StoredTensor {
    String name();

    /** Row-major, outermost first. */
    List<Long> shape();

    /**
     * The storage type.
     *
     * @throws ModelFormatException when the file's own type is not supported, by its name
     */
    TensorType type();

    /** The file to name in messages; the first where there are several. */
    Path path();

    /**
     * The little-endian elements: mapped where a file holds them as they are, else put together in {@code arena}. Each call
     * may do so anew.
     */
    MemorySegment data(Arena arena);
}
