package io.caravan.cli.cluster;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.LoggerFactory;

/**
 * Closes what was added, the last first and each once: by {@link #close()}, or when the process is told to end (SIGTERM,
 * Ctrl-C), whichever comes first. The other one waits until it is done.
 */
public final class Shutdown implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private boolean closed;
    private static volatile boolean ending;

    public Shutdown() {
        Runtime.getRuntime().addShutdownHook(new Thread(this::end, "caravan-shutdown"));
    }

    /** Whether this process was told to end: what fails from then on fails because of that. */
    public static boolean ending() {
        return ending;
    }

    private void end() {
        ending = true;
        close();
    }

    /** Sees to it that {@code resource} is closed before this process ends; returns it. */
    public <T extends AutoCloseable> T add(T resource) {
        synchronized (open) {
            if (!closed) {
                open.push(resource);
                return resource;
            }
        }
        closeQuietly(resource);
        throw new IllegalStateException("the process is ending");
    }

    @Override
    public synchronized void close() {
        synchronized (open) {
            closed = true;
        }
        while (!open.isEmpty()) {
            closeQuietly(open.pop());
        }
    }

    private static void closeQuietly(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            LoggerFactory.getLogger(Shutdown.class).warn("Something did not end as it should", e);
        }
    }
}
