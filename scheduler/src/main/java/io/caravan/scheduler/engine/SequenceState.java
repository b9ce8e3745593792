package io.caravan.scheduler.engine;

/** Where a sequence is in its life. */
enum SequenceState {
    /** Accepted, and never ran. */
    WAITING,
    /** Holds blocks and takes part in steps. */
    RUNNING,
    /** Gave its blocks back and waits to be computed again from its tokens. */
    PREEMPTED,
    /** Ended; results that still come for it are ignored. */
    FINISHED
}
