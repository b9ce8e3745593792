package io.caravan.gateway.http;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.SequencedSet;

/**
 * The open connections and their bounds. One that says nothing has to give its place to one that comes: so clients that
 * keep silent, however many, keep nobody out. Where all are at work, those that come are told so, and probes are answered.
 *
 * @see ConnectionBounds
 */
final class Connections {
    /** What a connection does now. */
    private enum State {
        /** Nothing was asked yet. */
        SILENT,
        /** A request is read or answered. */
        BUSY,
        /** All that was asked is answered. */
        IDLE,
        CLOSED
    }

    /** One connection; its methods are called by its own stream alone. */
    final class Entry {
        private final Runnable close;
        private final boolean beyond;
        private State state = State.SILENT;

        private Entry(Runnable close, boolean beyond) {
            this.close = close;
            this.beyond = beyond;
        }

        /** Whether all others were at work when it came, so that it is answered probes alone. */
        boolean beyond() {
            return beyond;
        }

        void busy() {
            move(this, State.BUSY);
        }

        void idle() {
            move(this, State.IDLE);
        }

        void closed() {
            move(this, State.CLOSED);
        }
    }

    private final int most;
    private final Duration requestTimeout;
    private final Duration idleTimeout;
    private final SequencedSet<Entry> silent = new LinkedHashSet<>();
    private final SequencedSet<Entry> idle = new LinkedHashSet<>();
    private int open;

    /**
     * No connections yet.
     *
     * @param most open at once, before silent ones have to go
     * @param requestTimeout how long the first request may take to come
     * @param idleTimeout how long the next one may
     */
    Connections(int most, Duration requestTimeout, Duration idleTimeout) {
        this.most = most;
        this.requestTimeout = requestTimeout;
        this.idleTimeout = idleTimeout;
    }

    Duration requestTimeout() {
        return requestTimeout;
    }

    Duration idleTimeout() {
        return idleTimeout;
    }

    /** A connection has come; {@code close} ends it, soon and from any thread. */
    Entry open(Runnable close) {
        Entry entry;
        Runnable leave = () -> {};
        synchronized (this) {
            open++;
            boolean full = open > most;
            if (full && !(silent.isEmpty() && idle.isEmpty())) {
                Entry longest = silent.isEmpty() ? idle.removeFirst() : silent.removeFirst();
                leave = longest.close;
                full = false;
            }
            entry = new Entry(close, full);
            silent.add(entry);
        }
        leave.run();
        return entry;
    }

    private synchronized void move(Entry entry, State to) {
        if (entry.state == State.CLOSED) {
            return;
        }
        silent.remove(entry);
        idle.remove(entry);
        entry.state = to;
        switch (to) {
            case IDLE -> idle.add(entry);
            case CLOSED -> open--;
            case SILENT, BUSY -> {}
        }
    }
}
