package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import java.nio.file.Path;
import java.util.List;

/**
 * An opened checkpoint. Its files are mapped, not read: a tensor's pages come in when a kernel first touches them, so a
 * stage costs what its own layers cost. Tensor names are Hugging Face's, whatever the file's own format.
 */
public interface Checkpoint extends AutoCloseable {

    ModelSpec spec();

    /** Digest of the configuration and of the tensors' names, types, shapes and places. */
    String fingerprint();

    /** The files that the weights lie in; none where they are in memory. */
    default List<Path> files() {
        return List.of();
    }

    /** Files beside them that look like weights and do not count, each with what it is. */
    default List<String> strays() {
        return List.of();
    }

    boolean has(String name);

    /**
     * The tensor called {@code name}.
     *
     * @throws ModelFormatException when there is none, or its shape is not {@code shape}; says which file was searched
     */
    WeightView tensor(String name, long... shape);

    /** Unmaps the files; views must not be used afterwards. */
    @Override
    void close();
}
