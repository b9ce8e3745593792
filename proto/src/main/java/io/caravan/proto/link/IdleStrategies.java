package io.caravan.proto.link;

import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;

/** What an agent's thread does when it found no work, by the name that configuration gives it. */
public final class IdleStrategies {
    static final String BACKOFF = "backoff";

    private IdleStrategies() {}

    /**
     * A new strategy, for one thread: {@code backoff} sleeps ever longer, up to most of a millisecond and, after two
     * seconds without work, two milliseconds, and suits shared cores; {@code yield} lets others run but never sleeps;
     * {@code spin} keeps a core for itself.
     *
     * @throws IllegalArgumentException for any other name
     */
    public static IdleStrategy named(String name) {
        return switch (name) {
            case BACKOFF -> new DozingIdleStrategy(System::nanoTime, new ThreadBell());
            case "yield" -> new YieldingIdleStrategy();
            case "spin" -> new BusySpinIdleStrategy();
            default -> throw new IllegalArgumentException("idle must be backoff, yield or spin, not '" + name + "'");
        };
    }
}
