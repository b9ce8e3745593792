package io.caravan.scheduler.actor;

import io.caravan.proto.step.StageTiming;
import java.util.Arrays;

/** Adds up what one stage reports with each step. */
final class StageMeter {
    private final long[] hops; // [window] a ring
    private long hopCount;
    private long busyNs;
    private long idleNs;

    StageMeter(int window) {
        hops = new long[window];
    }

    void add(StageTiming timing) {
        hops[(int) (hopCount++ % hops.length)] = Math.max(0, timing.hopNs());
        busyNs += timing.computeNs();
        idleNs += timing.waitNs();
    }

    AgentSnapshot.StageFigures figures() {
        long[] sorted = Arrays.copyOf(hops, (int) Math.min(hopCount, hops.length));
        Arrays.sort(sorted);
        return new AgentSnapshot.StageFigures(busyNs, idleNs, percentile(sorted, 50), percentile(sorted, 99));
    }

    /** The nearest rank; 0 where nothing was measured. */
    private static long percentile(long[] sorted, int percent) {
        return sorted.length == 0 ? 0 : sorted[Math.ceilDiv(sorted.length * percent, 100) - 1];
    }
}
