package io.caravan.worker.stage;

import io.caravan.proto.link.Doorbell;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.ThreadBell;
import java.util.function.Consumer;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/**
 * What the actor holds of a running stage: a bounded queue of orders, a flag that ends it, and its counters. No method
 * blocks.
 */
final class StageProxy {
    /** Orders that may wait while the agent computes a step. What does not fit is told again by the scheduler. */
    static final int MAX_QUEUED_ORDERS = 64;

    private final ManyToOneConcurrentArrayQueue<StageOrder> orders =
            new ManyToOneConcurrentArrayQueue<>(MAX_QUEUED_ORDERS);
    private final StageCounters counters = new StageCounters();
    private volatile Doorbell bell = new ThreadBell(); // nobody's, until the agent sleeps
    private volatile boolean closing;

    /** The agent sleeps there from now on. */
    void wakes(Doorbell agentBell) {
        bell = agentBell;
    }

    /** Returns false when the queue is full. */
    boolean connect(long epoch, LinkEndpoint next) {
        return give(new StageOrder.Connect(epoch, next));
    }

    /** Returns false when the queue is full. */
    boolean hold() {
        return give(new StageOrder.Hold());
    }

    /** Returns false when the queue is full. */
    boolean drain() {
        return give(new StageOrder.Drain());
    }

    private boolean give(StageOrder order) {
        boolean taken = orders.offer(order);
        bell.wake();
        return taken;
    }

    /** Ends the stage as soon as the step or the tensor at hand is done. */
    void close() {
        closing = true;
        bell.wake();
    }

    boolean isClosing() {
        return closing;
    }

    StageCounters counters() {
        return counters;
    }

    /** Hands the waiting orders over; called by the agent's thread. */
    int drain(Consumer<StageOrder> handler) {
        return orders.drain(handler, MAX_QUEUED_ORDERS);
    }
}
