package io.caravan.worker.stage;

import io.caravan.proto.link.StageLinks;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What the stages of one worker share, and how many of them still hold something.
 *
 * <p>{@link #end} lets a process close its links only after the last stage let go of them.
 */
public final class StageHost {
    private final String address;
    private final String name;
    private final StageLoader loader;
    private final StageLinks links;
    private final String idle;
    private final StageClock clock;
    private final Set<StageProxy> running = new HashSet<>();
    private boolean ending;

    /**
     * @param address of the worker's actor system, as Cluster knows it
     * @param name what people call the worker
     * @param idle name of how a stage's thread waits for work ({@link io.caravan.proto.link.IdleStrategies})
     */
    public StageHost(String address, String name, StageLoader loader, StageLinks links, String idle, StageClock clock) {
        this.address = address;
        this.name = name;
        this.loader = loader;
        this.links = links;
        this.idle = idle;
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

    String idle() {
        return idle;
    }

    StageClock clock() {
        return clock;
    }

    /** {@code stage} holds something from now on, unless the worker ends. */
    synchronized void started(StageProxy stage) {
        running.add(stage);
        if (ending) {
            stage.close();
        }
    }

    /** {@code stage} gave everything back. */
    synchronized void ended(StageProxy stage) {
        running.remove(stage);
        notifyAll();
    }

    /** Stages that hold something. */
    public synchronized int runningCount() {
        return running.size();
    }

    /**
     * Ends every stage, those that start later too, and waits until none holds anything.
     *
     * @return whether that came true within {@code longest}
     */
    public synchronized boolean end(Duration longest) throws InterruptedException {
        ending = true;
        running.forEach(StageProxy::close);
        long deadlineNs = System.nanoTime() + longest.toNanos();
        while (!running.isEmpty()) {
            long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
            if (leftMs <= 0) {
                return false;
            }
            wait(leftMs);
        }
        return true;
    }
}
