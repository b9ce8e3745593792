package io.caravan.proto.model;

/**
 * Where a worker finds a model and how it knows that it is the right one.
 *
 * @param directory path of the checkpoint, a folder or a file, as every worker sees it
 * @param fingerprint digest of the configuration and of the tensors' names, types, shapes and places; workers that
 *     compute another one refuse to load
 */
public record ModelRef(String directory, String fingerprint) {
    public ModelRef {
        if (directory.isBlank() || fingerprint.isBlank()) {
            throw new IllegalArgumentException("a model reference needs a directory and a fingerprint");
        }
    }
}
