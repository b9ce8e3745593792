package io.caravan.kernels;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One kernel call in a {@link ComputePool}. It has its own counters, so that a thread which comes late finds nothing left
 * to do in it rather than a part of the next call.
 */
final class Job {
    private final ComputePool.Work work;
    final int partCount;
    private final AtomicInteger nextPart = new AtomicInteger();
    private final AtomicInteger donePartCount = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    Job(ComputePool.Work work, int partCount) {
        this.work = work;
        this.partCount = partCount;
    }

    /** Takes parts until none is left. */
    void help(int thread) {
        for (var part = nextPart.getAndIncrement(); part < partCount; part = nextPart.getAndIncrement()) {
            compute(thread, part);
        }
    }

    private void compute(int thread, int part) {
        try {
            if (failure.getPlain() == null) {
                work.part(thread, part);
            }
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        } finally {
            donePartCount.getAndIncrement();
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
