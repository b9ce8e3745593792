package io.caravan.worker.stage;

import java.time.Duration;

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
        take(bytes, longest);
        return new Reservation(bytes);
    }

    private void take(long bytes, Duration longest) throws InterruptedException {
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
        private long bytes;
        private boolean open = true;

        private Reservation(long bytes) {
            this.bytes = bytes;
        }

        public long bytes() {
            synchronized (MemoryBudget.this) {
                return bytes;
            }
        }

        /**
         * Makes it {@code wanted} bytes: gives back what is too much, or takes what is missing, as {@link #reserve} does.
         *
         * @throws StageRefusedException when they do not fit; it stays as it was
         */
        public void resize(long wanted, Duration longest) throws InterruptedException {
            synchronized (MemoryBudget.this) {
                if (wanted > bytes) {
                    take(wanted - bytes, longest);
                } else {
                    giveBack(bytes - wanted);
                }
                bytes = wanted;
            }
        }

        /** Gives the memory back, once. */
        @Override
        public void close() {
            synchronized (MemoryBudget.this) {
                if (open) {
                    open = false;
                    giveBack(bytes);
                }
            }
        }
    }
}
