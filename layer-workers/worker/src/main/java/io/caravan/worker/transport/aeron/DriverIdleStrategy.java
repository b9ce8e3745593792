package io.caravan.worker.transport.aeron;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.agrona.concurrent.IdleStrategy;

/**
 * What a media driver's thread does when it found no work. Frames between processes of one host lie in shared memory and do not
 * pass through its hands: there it only moves on how far senders may write, half a term ahead. So where the network has been
 * silent it naps long, and takes no core from kernels.
 */
final class DriverIdleStrategy implements IdleStrategy {
    /** The network is silent when no byte came or went for so long; each link over it has heartbeats many times as often. */
    static final long SILENCE_NS = TimeUnit.SECONDS.toNanos(2);

    static final long NAP_NS = TimeUnit.MILLISECONDS.toNanos(5);

    private final IdleStrategy watchful;
    private final LongSupplier clock;
    private volatile LongSupplier networkBytes = () -> 0;
    private long seenBytes;
    private long seenNs;

    /**
     * @param watchful what it does while the network is in use
     * @param clock nanoseconds that never go back
     */
    DriverIdleStrategy(IdleStrategy watchful, LongSupplier clock) {
        this.watchful = watchful;
        this.clock = clock;
        seenNs = clock.getAsLong();
    }

    /** @param bytes sent to the network and received from it so far */
    void watch(LongSupplier bytes) {
        networkBytes = bytes;
    }

    @Override
    public void idle(int workCount) {
        if (workCount > 0) {
            watchful.idle(workCount);
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        if (silent()) {
            LockSupport.parkNanos(NAP_NS);
        } else {
            watchful.idle();
        }
    }

    /** Whether the network has been silent for {@link #SILENCE_NS}. */
    boolean silent() {
        long nowNs = clock.getAsLong();
        long bytes = networkBytes.getAsLong();
        if (bytes != seenBytes) {
            seenBytes = bytes;
            seenNs = nowNs;
        }
        return nowNs - seenNs >= SILENCE_NS;
    }

    @Override
    public void reset() {
        watchful.reset();
    }

    @Override
    public String alias() {
        return watchful.alias();
    }
}
