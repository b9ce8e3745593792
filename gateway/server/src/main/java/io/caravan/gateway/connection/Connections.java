package io.caravan.gateway.connection;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.apache.pekko.actor.Cancellable;

/**
 * The open connections of a port and their bounds. One that says nothing has to give its place to one that comes: so clients
 * that keep silent, however many, keep nobody out. Where all are at work, those that come are told so, and probes are
 * answered.
 *
 * <p>A connection counts from the moment that it is accepted until its socket is closed, so that one that never ends its TLS
 * handshake is silent like any other.
 */
public final class Connections implements AutoCloseable {
    private final ConnectionLimits limits;
    private final BiFunction<Duration, Runnable, Cancellable> timer;
    private final Set<Connection> open = new HashSet<>();
    private final SequencedSet<Connection> silent = new LinkedHashSet<>();
    private final SequencedSet<Connection> idle = new LinkedHashSet<>();
    private int leaving;
    private boolean closing;

    /**
     * No connections yet.
     *
     * @param timer runs something after a while
     */
    public Connections(ConnectionLimits limits, BiFunction<Duration, Runnable, Cancellable> timer) {
        this.limits = limits;
        this.timer = timer;
    }

    /** A connection has come. */
    public Connection open() {
        var connection = new Connection(this);
        List<Connection> over = new ArrayList<>();
        synchronized (this) {
            if (open.size() - leaving >= limits.most()) {
                connection.beyond = silent.isEmpty() && idle.isEmpty();
                if (!connection.beyond) {
                    over.add(leave(silent.isEmpty() ? idle.getFirst() : silent.getFirst()));
                }
            }
            open.add(connection);
            silent.add(connection);
            connection.deadline = timer.apply(limits.requestTimeout(), connection::drop);
            if (closing) {
                over.add(leave(connection));
            }
        }
        over.forEach(Connection::drop);
        return connection;
    }

    /** Whether no more may be accepted until one is closed. */
    public synchronized boolean full() {
        return open.size() >= limits.most() + limits.reserved();
    }

    synchronized void begin(Connection connection) {
        connection.atWork++;
        connection.deadline.cancel();
        silent.remove(connection);
        idle.remove(connection);
    }

    void end(Connection connection) {
        synchronized (this) {
            connection.atWork--;
            if (connection.atWork > 0 || connection.leaving || !open.contains(connection)) {
                return;
            }
            idle.add(connection);
            connection.deadline = timer.apply(limits.idleTimeout(), connection::drop);
            if (!closing) {
                return;
            }
            leave(connection);
        }
        connection.drop();
    }

    synchronized void closed(Connection connection) {
        connection.deadline.cancel();
        silent.remove(connection);
        idle.remove(connection);
        if (open.remove(connection) && connection.leaving) {
            leaving--;
        }
    }

    synchronized boolean isBeyond(Connection connection) {
        connection.beyond &= open.size() - leaving > limits.most();
        return connection.beyond;
    }

    /** Lets none stay any more: each ends as soon as it is not at work. */
    @Override
    public void close() {
        end(each -> each.atWork == 0);
    }

    /** Ends all, at work or not. */
    public void abandon() {
        end(each -> true);
    }

    private void end(Predicate<Connection> which) {
        List<Connection> over = new ArrayList<>();
        synchronized (this) {
            closing = true;
            for (Connection each : open) {
                if (!each.leaving && which.test(each)) {
                    over.add(leave(each));
                }
            }
        }
        over.forEach(Connection::drop);
    }

    /** Takes its place from it. */
    private Connection leave(Connection connection) {
        connection.leaving = true;
        connection.deadline.cancel();
        silent.remove(connection);
        idle.remove(connection);
        leaving++;
        return connection;
    }

    /** Whether none is open. */
    public synchronized boolean isEmpty() {
        return open.isEmpty();
    }
}
