package io.caravan.proto.link;

import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;

/** What an agent's thread does when it found no work, by the name that configuration gives it. */
public final class IdleStrategies {
    private static final long BACKOFF_SPINS = 10;
    private static final long BACKOFF_YIELDS = 10;
    private static final long BACKOFF_MIN_PARK_NS = TimeUnit.MICROSECONDS.toNanos(10);

    /** Bounds both the delay of a frame that arrives after a pause and the cost of having nothing to do. */
    private static final long BACKOFF_MAX_PARK_NS = TimeUnit.MICROSECONDS.toNanos(250);

    private IdleStrategies() {}

    /**
     * A new strategy, for one thread: {@code backoff} sleeps ever longer, up to a quarter of a millisecond, and suits shared
     * cores; {@code yield} lets others run but never sleeps; {@code spin} keeps a core for itself.
     *
     * @throws IllegalArgumentException for any other name
     */
    public static IdleStrategy named(String name) {
        return switch (name) {
            case "backoff" ->
                new BackoffIdleStrategy(BACKOFF_SPINS, BACKOFF_YIELDS, BACKOFF_MIN_PARK_NS, BACKOFF_MAX_PARK_NS);
            case "yield" -> new YieldingIdleStrategy();
            case "spin" -> new BusySpinIdleStrategy();
            default -> throw new IllegalArgumentException("idle must be backoff, yield or spin, not '" + name + "'");
        };
    }
}
