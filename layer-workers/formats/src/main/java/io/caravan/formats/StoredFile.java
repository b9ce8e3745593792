package io.caravan.formats;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * What tells a file of weights from another of the same name.
 *
 * @param sizeBytes of the whole file
 * @param contents what its directory lists: a line for each tensor, with name, type, shape and place
 * @param data where its tensors lie
 */
public record StoredFile(Path path, long sizeBytes, List<String> contents, MemorySegment data) {
    public StoredFile {
        contents = List.copyOf(contents);
    }
}
