package io.caravan.cli.process;

import io.caravan.cli.CliException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a number of child processes running, tells when one ended and which keep ending, and ends them all together. */
public final class Supervisor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);

    private final Children children;
    private final RestartPolicy policy;
    private final LongConsumer onExit;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final List<Child> watched = new ArrayList<>();

    private Supervisor(Children children, RestartPolicy policy, LongConsumer onExit) {
        this.children = children;
        this.policy = policy;
        this.onExit = onExit;
    }

    /** One of them; its fields are the supervisor's, under its lock. */
    private static final class Child {
        private final int index;
        private Process process;
        private long startedNs;
        private Trouble last;

        Child(int index, String name) {
            this.index = index;
            last = new Trouble(name, 0, 0, "");
        }
    }

    /**
     * Starts {@code count} processes.
     *
     * @param onExit told the id of a process that ended although nobody closed this supervisor
     */
    public static Supervisor start(int count, Children children, RestartPolicy policy, LongConsumer onExit) {
        var supervisor = new Supervisor(children, policy, onExit);
        try {
            for (int i = 0; i < count; i++) {
                var child = new Child(i, children.name(i));
                supervisor.begin(child);
                supervisor.watched.add(child);
                Thread.ofVirtual().name("watch-" + children.name(i)).start(() -> supervisor.watch(child));
            }
        } catch (RuntimeException e) {
            supervisor.close();
            throw e;
        }
        return supervisor;
    }

    /** Process ids of those that run now. */
    public synchronized List<Long> pids() {
        return watched.stream()
                .map(child -> child.process)
                .filter(Process::isAlive)
                .map(Process::pid)
                .toList();
    }

    /** Those that ended at least {@code deaths} times in a row, and have not run long enough since to count as healthy. */
    public synchronized List<Trouble> troubles(int deaths) {
        return watched.stream()
                .filter(child -> !(child.process.isAlive() && ranLong(child)))
                .map(child -> child.last)
                .filter(last -> last.deaths() >= deaths)
                .toList();
    }

    private boolean ranLong(Child child) {
        return System.nanoTime() - child.startedNs > policy.reset().toNanos();
    }

    /** Starts it, unless this supervisor is closed. */
    private synchronized boolean begin(Child child) {
        if (closed()) {
            return false;
        }
        child.process = children.start(child.index);
        child.startedNs = System.nanoTime();
        return true;
    }

    private void watch(Child child) {
        try {
            do {
                long pid = child.process.pid();
                int status = child.process.waitFor();
                if (closed()) {
                    return;
                }
                ended(child, status, children.lastLine(child.index));
                onExit.accept(pid);
            } while (policy.restarts() && startedAgain(child));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void ended(Child child, int status, String lastLine) {
        int deaths = ranLong(child) ? 1 : child.last.deaths() + 1;
        child.last = new Trouble(child.last.name(), deaths, status, lastLine);
        LOG.warn(
                "{}{}",
                child.last.text(),
                policy.restarts()
                        ? "; it is started again in " + policy.delay(deaths).toMillis() + " ms"
                        : "");
    }

    /** After a while, which grows for as long as the system does not even let it start; false when this is closed first. */
    private boolean startedAgain(Child child) throws InterruptedException {
        while (!closing.await(policy.delay(child.last.deaths()).toMillis(), TimeUnit.MILLISECONDS)) {
            try {
                return begin(child);
            } catch (CliException refused) {
                ended(child, child.last.status(), refused.getMessage());
            }
        }
        return false;
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
            last = watched.stream().map(child -> child.process).toList();
        }
        last.forEach(Process::destroyForcibly);
        last.forEach(process -> process.onExit().join());
    }
}
