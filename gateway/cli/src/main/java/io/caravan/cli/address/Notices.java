package io.caravan.cli.address;

import java.time.Duration;

/** When to tell of something that lasts: after a first wait, and after twice as long each time up to a last wait. */
final class Notices {
    private final Duration last;
    private Duration wait;
    private long sinceNs;

    Notices(Duration first, Duration last, long nowNs) {
        this.wait = first;
        this.last = last;
        this.sinceNs = nowNs;
    }

    /** Whether it is time; the next wait begins then. */
    boolean due(long nowNs) {
        if (nowNs - sinceNs < wait.toNanos()) {
            return false;
        }
        sinceNs = nowNs;
        var twice = wait.multipliedBy(2);
        wait = twice.compareTo(last) < 0 ? twice : last;
        return true;
    }
}
