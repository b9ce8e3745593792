package io.caravan.cli.process;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a number of child processes running, tells when one ended, and ends them all together. */
public final class Supervisor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);

    private final IntFunction<Process> start;
    private final RestartPolicy policy;
    private final LongConsumer onExit;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final List<Process> running = new ArrayList<>();
    private final List<Thread> watchers = new ArrayList<>();

    private Supervisor(IntFunction<Process> start, RestartPolicy policy, LongConsumer onExit) {
        this.start = start;
        this.policy = policy;
        this.onExit = onExit;
    }

    /**
     * Starts {@code count} processes.
     *
     * @param start starts process number 0, 1, ...
     * @param onExit told the id of a process that ended although nobody closed this supervisor
     */
    public static Supervisor start(int count, IntFunction<Process> start, RestartPolicy policy, LongConsumer onExit) {
        var supervisor = new Supervisor(start, policy, onExit);
        try {
            for (int i = 0; i < count; i++) {
                supervisor.watch(i, supervisor.begin(i));
            }
        } catch (RuntimeException e) {
            supervisor.close();
            throw e;
        }
        return supervisor;
    }

    /** Process ids of those that run now. */
    public synchronized List<Long> pids() {
        return running.stream().map(Process::pid).toList();
    }

    private synchronized Process begin(int index) {
        if (closed()) {
            throw new IllegalStateException("closed");
        }
        var process = start.apply(index);
        running.add(process);
        return process;
    }

    private void watch(int index, Process first) {
        var thread = Thread.ofVirtual().name("watch-worker-" + index).unstarted(() -> keepRunning(index, first));
        watchers.add(thread);
        thread.start();
    }

    private void keepRunning(int index, Process first) {
        var process = first;
        int inARow = 0;
        try {
            while (true) {
                long startedNs = System.nanoTime();
                int status = process.waitFor();
                synchronized (this) {
                    running.remove(process);
                }
                if (closed()) {
                    return;
                }
                onExit.accept(process.pid());
                inARow = System.nanoTime() - startedNs > policy.reset().toNanos() ? 1 : inARow + 1;
                var delay = policy.delay(inARow);
                if (delay.isEmpty()) {
                    LOG.error(
                            "Worker {} (pid {}) ended with status {} and is not started again",
                            index + 1,
                            process.pid(),
                            status);
                    return;
                }
                LOG.warn(
                        "Worker {} (pid {}) ended with status {}; starting it again", index + 1, process.pid(), status);
                if (closing.await(delay.get().toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                process = begin(index);
            }
        } catch (InterruptedException | IllegalStateException closed) {
            LOG.debug("No longer watching worker {}", index + 1, closed);
        }
    }

    private boolean closed() {
        return closing.getCount() == 0;
    }

    /** Kills every process, and waits until it is gone. */
    @Override
    public void close() {
        List<Process> last;
        synchronized (this) {
            closing.countDown();
            last = List.copyOf(running);
        }
        last.forEach(Process::destroyForcibly);
        last.forEach(process -> process.onExit().join());
    }
}
