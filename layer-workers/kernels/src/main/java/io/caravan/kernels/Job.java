package io.caravan.kernels;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One kernel call in a {@link ComputePool}. It has its own counters, so that a thread which comes late finds nothing left
 * to do in it rather than a part of the next call.
 *
 * <p>Each thread begins with a stretch of its own, since parts that follow each other lie so in memory and are read faster
 * in order; one that has finished its stretch takes the next parts of the others'. Where some are taken at a time they are
 * fewer towards the end of a stretch, so that threads end together.
 */
final class Job {
    private static final int LINE = 16;

    private final ComputePool.Work work;
    final int partCount;
    private final int threads;
    private final AtomicIntegerArray taken; // of each thread's stretch, a cache line apart
    private final AtomicInteger donePartCount = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    Job(ComputePool.Work work, int partCount, int threads) {
        this.work = work;
        this.partCount = partCount;
        this.threads = threads;
        taken = new AtomicIntegerArray(threads * LINE);
    }

    /** Takes parts until none is left. */
    void help(int thread) {
        for (var i = 0; i < threads; i++) {
            takeFrom((thread + i) % threads, thread);
        }
    }

    private void takeFrom(int owner, int thread) {
        var most = work.together();
        var first = firstPart(owner);
        var count = firstPart(owner + 1) - first;
        for (var from = taken.get(owner * LINE); from < count; from = taken.get(owner * LINE)) {
            var to = from + Math.clamp((count - from) / 2, 1, most);
            if (taken.compareAndSet(owner * LINE, from, to)) {
                compute(thread, first + from, first + to);
            }
        }
    }

    private int firstPart(int thread) {
        return (int) ((long) partCount * thread / threads);
    }

    private void compute(int thread, int from, int to) {
        try {
            if (failure.getPlain() == null) {
                work.parts(thread, from, to);
            }
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        } finally {
            donePartCount.getAndAdd(to - from);
        }
    }

    boolean finished() {
        return donePartCount.get() == partCount;
    }

    /** Throws what the first failing part threw, if any did. */
    void rethrow() {
        switch (failure.get()) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }
}
