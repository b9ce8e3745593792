package io.caravan.proto.link;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.agrona.concurrent.IdleStrategy;

/**
 * Waits the longer the longer it has waited, so that it is late by a small part of the wait at most: a thread that polled more
 * often while others compute would take their cores from them thousands of times a second. After a while without any work it
 * dozes: a pipeline that nobody uses costs next to nothing, and the first frame after a pause pays for it with at most one
 * nap on each thread it passes.
 */
final class DozingIdleStrategy implements IdleStrategy {
    /** So long only the core is offered to others. */
    private static final long YIELD_NS = TimeUnit.MICROSECONDS.toNanos(20);

    /** A thread sleeps for this part of the time that it has waited. */
    private static final long PARK_DIVISOR = 8;

    private static final long MIN_PARK_NS = TimeUnit.MICROSECONDS.toNanos(10);

    private static final long MAX_PARK_NS = TimeUnit.MICROSECONDS.toNanos(700);

    /** So long without work, and the thread dozes. */
    static final long AWAKE_NS = TimeUnit.SECONDS.toNanos(2);

    static final long NAP_NS = TimeUnit.MILLISECONDS.toNanos(2);

    private final LongSupplier clock;
    private final Doorbell bell;
    private boolean working = true;
    private long idleSinceNs;

    /**
     * @param clock nanoseconds that never go back
     * @param bell ends a sleep
     */
    DozingIdleStrategy(LongSupplier clock, Doorbell bell) {
        this.clock = clock;
        this.bell = bell;
    }

    @Override
    public void idle(int workCount) {
        if (workCount > 0) {
            reset();
        } else {
            idle();
        }
    }

    /** How long a thread that has waited for {@code waitedNs}, and is still awake, sleeps. */
    static long parkNs(long waitedNs) {
        return Math.clamp(waitedNs / PARK_DIVISOR, MIN_PARK_NS, MAX_PARK_NS);
    }

    @Override
    public void idle() {
        long nowNs = clock.getAsLong();
        if (working) {
            working = false;
            idleSinceNs = nowNs;
        }
        long waitedNs = nowNs - idleSinceNs;
        if (waitedNs < YIELD_NS) {
            Thread.yield();
        } else if (waitedNs < AWAKE_NS) {
            bell.sleep(parkNs(waitedNs));
        } else {
            bell.sleep(NAP_NS);
        }
    }

    @Override
    public void reset() {
        working = true;
    }

    @Override
    public String alias() {
        return "backoff";
    }
}
