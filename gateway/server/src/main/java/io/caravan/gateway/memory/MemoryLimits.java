package io.caravan.gateway.memory;

import java.time.Duration;

/**
 * The bounds of what is read.
 *
 * @param heapShare of the JVM's largest heap that requests may take together until they are tokens
 * @param maxWaiting most claims that wait for memory
 * @param maxWait how long one waits
 */
public record MemoryLimits(double heapShare, int maxWaiting, Duration maxWait) {
    public MemoryLimits {
        if (!(heapShare > 0 && heapShare <= 1) || maxWaiting < 0 || !maxWait.isPositive()) {
            throw new IllegalArgumentException(
                    "caravan.gateway.memory needs a heap-share above 0 and up to 1, max-waiting of at least 0 and a positive"
                            + " max-wait, not " + heapShare + ", " + maxWaiting + " and " + maxWait);
        }
    }
}
