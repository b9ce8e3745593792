package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;

/**
 * What a reader of one format has found, before it is checked whether configuration and tensors belong together.
 *
 * @param path the folder or file that was opened
 * @param configuration name of the file, or part of it, that the spec was read from; named in messages
 * @param spec its weight type need not be the tensors'
 * @param tensors by Hugging Face's names
 */
public record StoredModel(
        Path path,
        String configuration,
        ModelSpec spec,
        SortedMap<String, ? extends StoredTensor> tensors,
        List<StoredFile> files) {
    public StoredModel {
        files = List.copyOf(files);
    }
}
