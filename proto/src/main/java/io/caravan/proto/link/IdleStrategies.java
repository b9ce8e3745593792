package io.caravan.proto.link;

import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;

/** What an agent's thread does when it found no work, by the name that configuration gives it. */
public final class IdleStrategies {
    private IdleStrategies() {}

    /**
     * A new strategy, for one thread: {@code backoff} sleeps ever longer, up to a quarter of a millisecond and, after two
     * seconds without work, up to two milliseconds, and suits shared cores; {@code yield} lets others run but never sleeps;
     * {@code spin} keeps a core for itself.
     *
     * @throws IllegalArgumentException for any other name
     */
    public static IdleStrategy named(String name) {
        return switch (name) {
            case "backoff" -> new DozingIdleStrategy(System::nanoTime, false);
            case "yield" -> new YieldingIdleStrategy();
            case "spin" -> new BusySpinIdleStrategy();
            default -> throw new IllegalArgumentException("idle must be backoff, yield or spin, not '" + name + "'");
        };
    }

    /**
     * As {@link #named}, for a thread whose work comes about as far apart as it did before, and which is unparked for all that
     * does not: {@code backoff} then sleeps until the next may be there.
     *
     * @throws IllegalArgumentException for any other name
     */
    public static IdleStrategy expecting(String name) {
        return name.equals("backoff") ? new DozingIdleStrategy(System::nanoTime, true) : named(name);
    }
}
