package io.caravan.worker.stage;

import io.caravan.proto.actor.StageAssignment;

/** Makes a stage able to compute. Called on the stage's own thread, which may block. */
@FunctionalInterface
public interface StageLoader {

    /**
     * Checks the model, takes memory and loads the assignment's layers.
     *
     * @throws StageRefusedException when the worker cannot be this stage; whatever was taken is given back
     */
    StageCompute load(StageAssignment assignment, Progress progress);

    /** Hears how far the loading is; may throw to stop it. */
    @FunctionalInterface
    interface Progress {
        void loaded(long loadedBytes, long totalBytes);
    }
}
