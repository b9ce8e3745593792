package io.caravan.cli.process;

import java.time.Duration;

/**
 * Whether and when a process that ended is started again: after a delay that doubles from the first to the last, for as long
 * as it takes. A process that ran for {@code reset} begins anew.
 */
public record RestartPolicy(boolean restarts, Duration firstDelay, Duration lastDelay, Duration reset) {

    /** Never again. */
    public static final RestartPolicy NEVER = new RestartPolicy(false, Duration.ZERO, Duration.ZERO, Duration.ZERO);

    /** The wait before restart number {@code inARow}, the first being 1. */
    public Duration delay(int inARow) {
        var delay = firstDelay;
        for (int i = 1; i < inARow && delay.compareTo(lastDelay) < 0; i++) {
            delay = delay.multipliedBy(2);
        }
        return delay.compareTo(lastDelay) < 0 ? delay : lastDelay;
    }
}
