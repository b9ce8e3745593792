package io.caravan.proto.link;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.agrona.concurrent.IdleStrategy;

/**
 * Waits the longer the longer it has waited, so that it is late by a small part of the wait at most: a thread that polled more
 * often while others compute would take their cores from them thousands of times a second. After a while without any work it
 * dozes: a pipeline that nobody uses costs next to nothing, and the first frame after a pause pays for it with at most one
 * nap on each thread it passes.
 *
 * <p>One that expects sleeps at once for most of the shortest of its last waits: what computes for 60 ms need not be looked for
 * seventy times.
 */
final class DozingIdleStrategy implements IdleStrategy {
    /** So long only the core is offered to others. */
    private static final long YIELD_NS = TimeUnit.MICROSECONDS.toNanos(20);

    /** A thread sleeps for this part of the time that it has waited. */
    private static final long PARK_DIVISOR = 8;

    /** One that expects is not later for longer sleeps than by this part of a long wait. */
    private static final long LONG_DIVISOR = 64;

    private static final long MIN_PARK_NS = TimeUnit.MICROSECONDS.toNanos(10);

    private static final long MAX_PARK_NS = TimeUnit.MICROSECONDS.toNanos(700);

    /** So long without work, and the thread dozes. */
    static final long AWAKE_NS = TimeUnit.SECONDS.toNanos(2);

    static final long NAP_NS = TimeUnit.MILLISECONDS.toNanos(2);

    /** Waits that are remembered by a thread that expects. */
    private static final int REMEMBERED_WAITS = 8;

    /** No more is ever expected: so late at most is a thread once, where work suddenly comes sooner than it did. */
    private static final long MAX_EXPECTED_NS = TimeUnit.MILLISECONDS.toNanos(40);

    private final LongSupplier clock;
    private final boolean expects;
    private final long[] waitsNs = new long[REMEMBERED_WAITS]; // a ring
    private long waitCount;
    private long expectedNs;
    private boolean working = true;
    private long idleSinceNs;

    /**
     * @param clock nanoseconds that never go back
     * @param expects whether work comes about as far apart as before
     */
    DozingIdleStrategy(LongSupplier clock, boolean expects) {
        this.clock = clock;
        this.expects = expects;
    }

    @Override
    public void idle(int workCount) {
        if (workCount > 0) {
            if (expects && !working) {
                remember(clock.getAsLong() - idleSinceNs);
            }
            reset();
        } else {
            idle();
        }
    }

    /** Three quarters of the shortest wait; work that followed at once was no wait. */
    private void remember(long waitedNs) {
        if (waitedNs >= YIELD_NS) {
            waitsNs[(int) (waitCount++ % REMEMBERED_WAITS)] = waitedNs;
            expectedNs = Math.min(MAX_EXPECTED_NS, Arrays.stream(waitsNs).min().orElse(0) / 4 * 3);
        }
    }

    /** How long a thread that has waited for {@code waitedNs}, and is still awake, sleeps. */
    long parkNs(long waitedNs) {
        long mostNs = expects ? Math.clamp(waitedNs / LONG_DIVISOR, MAX_PARK_NS, NAP_NS) : MAX_PARK_NS;
        return Math.max(expectedNs - waitedNs, Math.clamp(waitedNs / PARK_DIVISOR, MIN_PARK_NS, mostNs));
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
            LockSupport.parkNanos(parkNs(waitedNs));
        } else {
            LockSupport.parkNanos(NAP_NS);
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
