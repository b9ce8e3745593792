package io.caravan.scheduler.recovery;

/** Where a pipeline is between no worker and tokens. */
public enum PipelineState {
    /** Some stage has no worker that could host it. */
    WAITING_FOR_WORKERS,
    /** Every stage has a worker and is told what to be until it is ready. */
    LOADING,
    /** Stages are told, back to front, where to send what they compute. */
    CONNECTING,
    /** Plans are in flight and no result of this epoch has come back yet. */
    WARMING,
    /** Tokens come out. */
    SERVING
}
