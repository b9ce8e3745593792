package io.caravan.scheduler.actor;

/** What the scheduler's thread reports; called on that thread, and must not block. */
interface AgentListener {

    /** The first result of an epoch came back. */
    void firstResult(long epoch);

    /** Plans of an epoch, or their results, were lost on the way; none is sent until the next start. */
    void plansLost(long epoch, String why);

    /** Plans of an epoch are in flight and no result has come for a while; repeated while that goes on. */
    void silent(long epoch);

    /** Nothing follows for this sequence. */
    void ended(long sequenceId);

    /** The thread cannot go on. */
    void broken(Throwable failure);
}
