package io.caravan.worker.stage;

import io.caravan.proto.link.StageLinks;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.agrona.concurrent.IdleStrategy;

/**
 * What the stages of one worker share, and how many of them still hold something.
 *
 * <p>{@link #awaitEnd} lets a process close its links only after the last stage let go of them.
 */
public final class StageHost {
    private final String address;
    private final String name;
    private final StageLoader loader;
    private final StageLinks links;
    private final Supplier<IdleStrategy> idleStrategy;
    private final StageClock clock;
    private int runningCount;

    /**
     * @param address of the worker's actor system, as Cluster knows it
     * @param name what people call the worker
     * @param idleStrategy makes one for each stage: how its thread waits for work
     */
    public StageHost(
            String address,
            String name,
            StageLoader loader,
            StageLinks links,
            Supplier<IdleStrategy> idleStrategy,
            StageClock clock) {
        this.address = address;
        this.name = name;
        this.loader = loader;
        this.links = links;
        this.idleStrategy = idleStrategy;
        this.clock = clock;
    }

    String address() {
        return address;
    }

    /** How messages to people name the worker. */
    String label() {
        return "worker " + name + " (" + address + ")";
    }

    StageLoader loader() {
        return loader;
    }

    StageLinks links() {
        return links;
    }

    Supplier<IdleStrategy> idleStrategy() {
        return idleStrategy;
    }

    StageClock clock() {
        return clock;
    }

    synchronized void started() {
        runningCount++;
    }

    synchronized void ended() {
        runningCount--;
        notifyAll();
    }

    /** Stages whose threads have not ended. */
    public synchronized int runningCount() {
        return runningCount;
    }

    /**
     * Waits until no stage holds anything.
     *
     * @return whether that came true within {@code timeoutMs}
     */
    public synchronized boolean awaitEnd(long timeoutMs) throws InterruptedException {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        while (runningCount > 0) {
            long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
            if (leftMs <= 0) {
                return false;
            }
            wait(leftMs);
        }
        return true;
    }
}
