package io.caravan.gateway.memory;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * One budget for all that requests occupy before they are tokens: bodies on their way, JSON trees, rendered chats, texts
 * that become tokens. Whoever needs memory claims it first, waits a little where there is none, and is refused then; so a
 * flood of large requests costs those who send them an error and never the process, in which everybody's streams live.
 *
 * <p>A body claims what has arrived of it, not what its head announces: announcing costs nothing, so it would let one
 * client take the budget with empty hands. Bodies on their way may fill half of it, for else none could be read to its
 * end; and a share of either half is for small requests, so that they pass by large ones.
 */
public final class MemoryBudget {
    /** What memory is claimed for. */
    public enum Use {
        /** A body on its way. */
        ARRIVING(0.4, 0.5),
        /** What becomes tokens. */
        READING(0.85, 1);

        private final double forLarge;
        private final double forSmall;

        Use(double forLarge, double forSmall) {
            this.forLarge = forLarge;
            this.forSmall = forSmall;
        }
    }

    /** Claims up to this size are small. */
    private static final long SMALL_BYTES = 1 << 20;

    private record Waiting(Claim claim, long bytes, Use use, CompletableFuture<Void> granted) {}

    private final long capacity;
    private final MemoryLimits limits;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private long used;

    /** A share of the JVM's largest heap. */
    public static MemoryBudget ofHeap(MemoryLimits limits) {
        return new MemoryBudget((long) (Runtime.getRuntime().maxMemory() * limits.heapShare()), limits);
    }

    MemoryBudget(long capacity, MemoryLimits limits) {
        this.capacity = capacity;
        this.limits = limits;
    }

    /** Most that one claim may have. */
    public long largestClaim() {
        return (long) (capacity * Use.READING.forLarge);
    }

    /** What is claimed now. */
    public synchronized long used() {
        return used;
    }

    /** A claim that has nothing yet. */
    public Claim claim() {
        return new Claim();
    }

    /** Memory that one request has until it is closed. */
    public final class Claim implements AutoCloseable {
        private long held;
        private boolean closed;

        private Claim() {}

        /** Claims more; fails with {@link NoRoomException} where there is none, or not in time. */
        public CompletableFuture<Void> grow(long bytes, Use use) {
            return MemoryBudget.this.grow(this, bytes, use);
        }

        /**
         * The same for a thread that may wait.
         *
         * @throws NoRoomException where there is none, or not in time
         */
        public void await(long bytes, Use use) {
            try {
                grow(bytes, use).join();
            } catch (CompletionException e) {
                throw e.getCause() instanceof NoRoomException noRoom ? noRoom : e;
            }
        }

        /**
         * The same for what cannot wait.
         *
         * @throws NoRoomException where there is none at this moment
         */
        public void growNow(long bytes, Use use) {
            synchronized (MemoryBudget.this) {
                if (!closed && !take(this, bytes, use)) {
                    throw held + bytes > most(this, bytes, use) ? never(this, bytes, use) : noRoomNow();
                }
            }
        }

        /** Keeps {@code bytes} and gives back the rest. */
        public void shrinkTo(long bytes) {
            giveBack(this, bytes, false);
        }

        /** Gives back all of it. */
        @Override
        public void close() {
            giveBack(this, 0, true);
        }
    }

    private CompletableFuture<Void> grow(Claim claim, long bytes, Use use) {
        Waiting wish;
        synchronized (this) {
            if (claim.held + bytes > most(claim, bytes, use)) {
                return CompletableFuture.failedFuture(never(claim, bytes, use));
            }
            if (claim.closed || take(claim, bytes, use)) {
                return CompletableFuture.completedFuture(null);
            }
            if (waiting.size() >= limits.maxWaiting()) {
                return CompletableFuture.failedFuture(noRoomNow());
            }
            wish = new Waiting(claim, bytes, use, new CompletableFuture<>());
            waiting.add(wish);
        }
        CompletableFuture.delayedExecutor(limits.maxWait().toMillis(), TimeUnit.MILLISECONDS, Runnable::run)
                .execute(() -> giveUp(wish));
        return wish.granted();
    }

    private void giveUp(Waiting wish) {
        boolean late;
        synchronized (this) {
            late = waiting.remove(wish);
        }
        if (late) {
            wish.granted().completeExceptionally(noRoomNow());
        }
    }

    private long most(Claim claim, long bytes, Use use) {
        boolean small = claim.held + bytes <= SMALL_BYTES;
        return (long) (capacity * (small ? use.forSmall : use.forLarge));
    }

    private boolean take(Claim claim, long bytes, Use use) {
        if (used + bytes > most(claim, bytes, use)) {
            return false;
        }
        used += bytes;
        claim.held += bytes;
        return true;
    }

    private void giveBack(Claim claim, long keep, boolean close) {
        Deque<Waiting> granted = new ArrayDeque<>();
        synchronized (this) {
            if (claim.closed) {
                return;
            }
            claim.closed = close;
            used -= Math.max(0, claim.held - keep);
            claim.held = Math.min(claim.held, keep);
            for (Iterator<Waiting> each = waiting.iterator(); each.hasNext(); ) {
                Waiting wish = each.next();
                if (wish.claim().closed || take(wish.claim(), wish.bytes(), wish.use())) {
                    each.remove();
                    granted.add(wish);
                }
            }
        }
        granted.forEach(wish -> wish.granted().complete(null));
    }

    private NoRoomException never(Claim claim, long bytes, Use use) {
        return new NoRoomException(
                "this request needs " + (claim.held + bytes) + " bytes of memory to be read, and this gateway has "
                        + most(claim, bytes, use) + " for one: send less, or give the gateway a larger heap",
                false);
    }

    private static NoRoomException noRoomNow() {
        return new NoRoomException(
                "this gateway is reading as many requests as its memory holds: try again in a moment", true);
    }
}
