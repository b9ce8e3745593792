package io.caravan.worker.stage;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/** The memory that a worker's stages may take together. Safe for use by several threads. */
public final class MemoryBudget {
    private final long totalBytes;
    private long usedBytes;

    public MemoryBudget(long totalBytes) {
        if (totalBytes < 1) {
            throw new IllegalArgumentException("a worker needs memory, not " + totalBytes + " bytes");
        }
        this.totalBytes = totalBytes;
    }

    public long totalBytes() {
        return totalBytes;
    }

    public synchronized long freeBytes() {
        return totalBytes - usedBytes;
    }

    /**
     * Takes {@code bytes}. Waits, but not longer than {@code longest}, where they would fit if others gave theirs back.
     *
     * @throws StageRefusedException when they do not fit
     */
    public synchronized Reservation reserve(long bytes, Duration longest) throws InterruptedException {
        long deadlineNs = System.nanoTime() + longest.toNanos();
        while (bytes > totalBytes - usedBytes) {
            long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
            if (bytes > totalBytes || leftMs <= 0) {
                throw new StageRefusedException("not enough memory: the stage needs " + mebibytes(bytes) + ", but "
                        + mebibytes(totalBytes - usedBytes) + " of the " + mebibytes(totalBytes)
                        + " that caravan.worker.memory allows are free");
            }
            wait(leftMs);
        }
        usedBytes += bytes;
        return new Reservation(bytes);
    }

    private synchronized void giveBack(long bytes) {
        usedBytes -= bytes;
        notifyAll();
    }

    private static String mebibytes(long bytes) {
        return (bytes >> 20) + " MiB";
    }

    /** Memory taken from the budget. */
    public final class Reservation implements AutoCloseable {
        private final long bytes;
        private final AtomicBoolean open = new AtomicBoolean(true);

        private Reservation(long bytes) {
            this.bytes = bytes;
        }

        public long bytes() {
            return bytes;
        }

        /** Gives the memory back, once. */
        @Override
        public void close() {
            if (open.compareAndSet(true, false)) {
                giveBack(bytes);
            }
        }
    }
}
