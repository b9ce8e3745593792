package io.caravan.proto.link;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;

/**
 * Backs off as long as work came lately, and dozes after a while without any: a pipeline that nobody uses costs next to
 * nothing, and the first frame after a pause pays for it with at most one nap on each thread it passes.
 */
final class DozingIdleStrategy implements IdleStrategy {
    private static final long SPINS = 10;
    private static final long YIELDS = 10;
    private static final long MIN_PARK_NS = TimeUnit.MICROSECONDS.toNanos(10);

    /** Bounds both the delay of a frame that arrives after a short wait and the cost of waiting for it. */
    private static final long MAX_PARK_NS = TimeUnit.MICROSECONDS.toNanos(250);

    /** So long without work, and the thread dozes. */
    static final long AWAKE_NS = TimeUnit.SECONDS.toNanos(2);

    static final long NAP_NS = TimeUnit.MILLISECONDS.toNanos(2);

    private final IdleStrategy awake = new BackoffIdleStrategy(SPINS, YIELDS, MIN_PARK_NS, MAX_PARK_NS);
    private final LongSupplier clock;
    private boolean working = true;
    private long idleSinceNs;

    /** @param clock nanoseconds that never go back */
    DozingIdleStrategy(LongSupplier clock) {
        this.clock = clock;
    }

    @Override
    public void idle(int workCount) {
        if (workCount > 0) {
            reset();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        long nowNs = clock.getAsLong();
        if (working) {
            working = false;
            idleSinceNs = nowNs;
        }
        if (nowNs - idleSinceNs < AWAKE_NS) {
            awake.idle();
        } else {
            LockSupport.parkNanos(NAP_NS);
        }
    }

    @Override
    public void reset() {
        working = true;
        awake.reset();
    }

    @Override
    public String alias() {
        return "backoff";
    }
}
