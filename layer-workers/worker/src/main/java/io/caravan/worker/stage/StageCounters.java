package io.caravan.worker.stage;

import java.util.concurrent.atomic.AtomicLong;

/** What a stage's agent counts. One thread writes, any may read; {@link #reset} belongs to the writer. */
public final class StageCounters {
    private final AtomicLong stepCount = new AtomicLong();
    private final AtomicLong busyNs = new AtomicLong();
    private final AtomicLong idleNs = new AtomicLong();
    private final AtomicLong staleCount = new AtomicLong();
    private final AtomicLong invalidCount = new AtomicLong();
    private final AtomicLong faultCount = new AtomicLong();
    private final AtomicLong lostCount = new AtomicLong();

    /** Steps computed in this epoch. */
    public long stepCount() {
        return stepCount.get();
    }

    /** Time that kernels ran in this epoch. */
    public long busyNs() {
        return busyNs.get();
    }

    /** Time between steps of this epoch. */
    public long idleNs() {
        return idleNs.get();
    }

    /** Frames dropped because they were of another epoch, repeated, or arrived at a stage that takes nothing. */
    public long staleCount() {
        return staleCount.get();
    }

    /** Frames refused because they were not what the stage takes. */
    public long invalidCount() {
        return invalidCount.get();
    }

    /** Sequences left out of their steps. */
    public long faultCount() {
        return faultCount.get();
    }

    /** Results dropped because the link they were for closed. */
    public long lostCount() {
        return lostCount.get();
    }

    void step(long waitNs, long computeNs) {
        stepCount.incrementAndGet();
        idleNs.addAndGet(waitNs);
        busyNs.addAndGet(computeNs);
    }

    void stale() {
        staleCount.incrementAndGet();
    }

    void invalid() {
        invalidCount.incrementAndGet();
    }

    void fault() {
        faultCount.incrementAndGet();
    }

    void lost() {
        lostCount.incrementAndGet();
    }

    /** Starts an epoch; what was dropped stays counted. */
    void reset() {
        stepCount.set(0);
        busyNs.set(0);
        idleNs.set(0);
    }
}
