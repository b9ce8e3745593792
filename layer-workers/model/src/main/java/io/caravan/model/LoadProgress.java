package io.caravan.model;

/** Hears how far the loading of a stage is; called by the thread that loads, after each tensor. */
@FunctionalInterface
public interface LoadProgress {

    /** Nobody listens. */
    LoadProgress IGNORED = (loadedBytes, totalBytes) -> {};

    void loaded(long loadedBytes, long totalBytes);
}
