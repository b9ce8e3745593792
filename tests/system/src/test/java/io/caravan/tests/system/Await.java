package io.caravan.tests.system;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Waits for conditions, always with a bound. */
final class Await {
    private static final long POLL_MS = 20;

    private Await() {}

    /** A condition that may come true; {@code what} is empty when it is, else what is still missing. */
    interface Condition {
        String missing();
    }

    /**
     * Returns when nothing is missing any more.
     *
     * @param details asked for when it took too long: what helps to find out why
     */
    static void until(Duration longest, Condition condition, Supplier<String> details) {
        long deadlineNs = System.nanoTime() + longest.toNanos();
        String missing = condition.missing();
        while (!missing.isEmpty()) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError("not within " + longest + ": " + missing + "\n" + details.get());
            }
            pause(POLL_MS);
            missing = condition.missing();
        }
    }

    static void pause(long ms) {
        try {
            TimeUnit.MILLISECONDS.sleep(ms);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting", ended);
        }
    }
}
