package io.caravan.proto.actor;

/** Where a stage is in its life. */
public enum StageState {
    /** Started, and told nothing yet. */
    EMPTY,
    /** Maps its weights and takes its memory. */
    LOADING,
    /** Can compute, and knows no next stage. */
    READY,
    /** Computes step plans of its epoch. */
    SERVING,
    /** Finishes what it has and takes nothing new. */
    DRAINING,
    /** Cannot go on; the reason was reported. */
    FAILED
}
