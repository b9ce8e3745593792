package io.caravan.cli.process;

import java.time.Duration;
import java.util.Optional;

/**
 * Whether and when a process that ended is started again: after a delay that doubles from the first to the last, at most
 * {@code limit} times in a row. A process that ran for {@code reset} breaks the row.
 */
public record RestartPolicy(int limit, Duration firstDelay, Duration lastDelay, Duration reset) {

    /** Never again. */
    public static final RestartPolicy NEVER = new RestartPolicy(0, Duration.ZERO, Duration.ZERO, Duration.ZERO);

    /**
     * The wait before restart number {@code inARow} (the first being 1), or empty when it was enough.
     */
    public Optional<Duration> delay(int inARow) {
        if (inARow > limit) {
            return Optional.empty();
        }
        var delay = firstDelay;
        for (int i = 1; i < inARow && delay.compareTo(lastDelay) < 0; i++) {
            delay = delay.multipliedBy(2);
        }
        return Optional.of(delay.compareTo(lastDelay) < 0 ? delay : lastDelay);
    }
}
