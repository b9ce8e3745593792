package io.caravan.formats;

import java.nio.file.Path;

/** What users call a model that lies in a folder: the folder's name, or the repository's inside Hugging Face's cache. */
final class ModelNames {
    private static final String CACHE_PREFIX = "models--";

    private ModelNames() {}

    static String of(Path directory) {
        Path path = directory.toAbsolutePath().normalize();
        Path parent = path.getParent();
        if (parent != null && parent.endsWith("snapshots") && parent.getParent() != null) {
            String repository = String.valueOf(parent.getParent().getFileName());
            if (repository.startsWith(CACHE_PREFIX)) {
                return repository.substring(CACHE_PREFIX.length()).replace("--", "/");
            }
        }
        return path.getFileName() == null ? "model" : path.getFileName().toString();
    }
}
