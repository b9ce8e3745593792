package io.caravan.kernels;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed set of threads that compute the parts of one kernel call; the calling thread is one of them.
 *
 * <p>Parts are taken one by one or a few at a time, never dealt out for good: on shared cores a thread that loses its core
 * delays its own few only, while the others take the rest. A thread without work watches for the next call for
 * {@link #SPIN_NS}, because kernel calls of one step follow each other closely, and then parks.
 *
 * <p>One thread at a time may call {@link #run}; a second is refused, since parts share scratch memory by thread number.
 */
final class ComputePool implements AutoCloseable {

    /** How long an idle thread watches for work before it gives its core away. */
    static final long SPIN_NS = 100_000;

    /** How long the caller sleeps between looks once the last parts take longer than {@link #SPIN_NS}. */
    static final long NAP_NS = 20_000;

    /** A kernel call cut into parts. */
    interface Work {
        /**
         * Computes one part.
         *
         * @param thread number of the computing thread, 0 for the caller
         */
        void part(int thread, int part);

        /** Parts that a thread takes at a time at most: more than one where a few that follow each other are done sooner as one. */
        default int together() {
            return 1;
        }

        /** Computes the parts [from, to), which are no more than {@link #together}. */
        default void parts(int thread, int from, int to) {
            for (var part = from; part < to; part++) {
                part(thread, part);
            }
        }
    }

    private final Helper[] helpers;
    private final CpuList cpus;
    private Thread pinned; // the caller that was pinned last; only one computes at a time
    private final AtomicBoolean busy = new AtomicBoolean();
    private final Job nothing = new Job((thread, part) -> {}, 0, 1);
    private volatile Job job = nothing;
    private volatile boolean closed;

    /** @param cpus that its threads are pinned to, the calling one included */
    ComputePool(String name, int threads, CpuList cpus) {
        this.cpus = cpus;
        if (threads < 1) {
            throw new IllegalArgumentException("a compute pool needs at least 1 thread, not " + threads);
        }
        helpers = new Helper[threads - 1];
        for (var i = 0; i < helpers.length; i++) {
            helpers[i] = new Helper(name + "-" + (i + 1), i + 1);
        }
        for (var helper : helpers) {
            helper.start();
        }
    }

    /** Threads that compute, the caller included. */
    int threads() {
        return helpers.length + 1;
    }

    /**
     * Computes the parts [0, partCount) and returns when all are done.
     *
     * @throws RuntimeException the first failure of a part; parts not yet begun are left out then
     */
    void run(int partCount, Work work) {
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException("a device computes for one thread at a time");
        }
        try {
            if (closed) {
                throw new IllegalStateException("the device is closed");
            }
            pinCaller();
            if (partCount <= 1 || helpers.length == 0) {
                for (var part = 0; part < partCount; part += work.together()) {
                    work.parts(0, part, Math.min(partCount, part + work.together()));
                }
            } else {
                share(new Job(work, partCount, threads()));
            }
        } finally {
            busy.setRelease(false);
        }
    }

    private void pinCaller() {
        if (!cpus.equals(CpuList.ANY) && pinned != Thread.currentThread()) {
            cpus.pin(0);
            pinned = Thread.currentThread();
        }
    }

    private void share(Job next) {
        job = next;
        for (var i = 0; i < Math.min(helpers.length, next.partCount - 1); i++) {
            helpers[i].wake();
        }
        next.help(0);
        var spinUntilNs = System.nanoTime() + SPIN_NS;
        while (!next.finished()) {
            if (System.nanoTime() < spinUntilNs) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(NAP_NS);
            }
        }
        next.rethrow();
    }

    /** Stops the threads and waits for them. */
    @Override
    public void close() {
        closed = true;
        for (var helper : helpers) {
            LockSupport.unpark(helper);
        }
        var interrupted = false;
        for (var helper : helpers) {
            while (helper.isAlive()) {
                try {
                    helper.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Helper extends Thread {
        private final int number;
        private volatile boolean parked;

        Helper(String name, int number) {
            super(name);
            this.number = number;
            setDaemon(true);
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            cpus.pin(number);
            var last = nothing;
            while (!closed) {
                var next = await(last);
                next.help(number);
                last = next;
            }
        }

        private Job await(Job last) {
            var spinUntilNs = System.nanoTime() + SPIN_NS;
            while (job == last && !closed) {
                if (System.nanoTime() < spinUntilNs) {
                    Thread.onSpinWait();
                } else {
                    parkUntilNext(last);
                }
            }
            return job;
        }

        private void parkUntilNext(Job last) {
            parked = true;
            if (job == last && !closed) {
                LockSupport.park(ComputePool.this);
            }
            parked = false;
        }
    }
}
