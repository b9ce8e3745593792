package io.caravan.proto.link;

import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.IdleStrategy;

/**
 * How the thread of an inbox waits. Where senders ring, it sleeps until they do; where they cannot, it looks for frames as its
 * strategy says. Either way {@link Doorbell#wake} ends the wait.
 */
public final class InboxIdle {
    /** A thread that is woken looks around so often all the same, for what the clock brings. */
    private static final long RUNG_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final StageInbox inbox;
    private final IdleStrategy strategy;
    private final boolean sleeps;

    /**
     * @param name of a strategy of {@link IdleStrategies}; only {@code backoff} ever sleeps
     * @throws IllegalArgumentException where there is none of that name
     */
    public InboxIdle(String name, StageInbox inbox) {
        this.inbox = inbox;
        sleeps = name.equals(IdleStrategies.BACKOFF);
        strategy = sleeps ? new DozingIdleStrategy(System::nanoTime, inbox.bell()) : IdleStrategies.named(name);
    }

    /**
     * Waits, if a round of the thread found no work.
     *
     * @param sending whether something waits for room to be sent, which nobody rings for
     */
    public void idle(int work, boolean sending) {
        if (work == 0 && sleeps && !sending && inbox.rings()) {
            inbox.bell().sleep(RUNG_NS);
        } else {
            strategy.idle(work);
        }
    }
}
