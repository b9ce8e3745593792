package io.caravan.worker.stage;

import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.model.HeldWeights;

/** What a stage's thread reports; called on that thread. */
interface StageListener {

    /** Weights are coming in; called at most every {@link StageRunner#PROGRESS_INTERVAL_NS}, and at the end. */
    void loading(long loadedBytes, long totalBytes);

    /** The stage can compute and its inbox is open. */
    void ready(LinkEndpoint inbox, String kernels, HeldWeights weights, long kvBytes);

    /** Plans of {@code epoch} are computed from now on. */
    void serving(long epoch);

    /** Nothing of {@code epoch} is in flight, and nothing more is taken. */
    void drained(long epoch);

    /**
     * A step came to nothing.
     *
     * @param goesOn whether the stage takes others; else {@link #failed} follows
     */
    void stepFailed(long epoch, long step, String reason, boolean goesOn);

    /** The stage cannot go on; {@link #closed} follows. */
    void failed(String reason);

    /** The thread gave everything back and ends. Not called twice; nothing follows. */
    void closed();
}
