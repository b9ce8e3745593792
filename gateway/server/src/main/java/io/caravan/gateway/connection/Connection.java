package io.caravan.gateway.connection;

import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.Cancellable;

/** One connection, as {@link Connections} know it; whoever serves it tells what becomes of it, from any thread. */
public final class Connection {
    private final Connections all;
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final CompletableFuture<Void> cut = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    // kept by Connections, under their lock
    boolean beyond;
    boolean leaving;
    int atWork;
    Cancellable deadline = Cancellable.alreadyCancelled();
    private volatile boolean asked;

    Connection(Connections all) {
        this.all = all;
    }

    /** A request has come and is answered now. */
    public void begin() {
        asked = true;
        all.begin(this);
    }

    /** A request is answered. */
    public void end() {
        all.end(this);
    }

    /** It is gone, its socket too. */
    public void closed() {
        all.closed(this);
        closed.complete(null);
    }

    /** Whether it is for probes alone, since all others are at work. */
    public boolean forProbesAlone() {
        return all.isBeyond(this);
    }

    /** Its place is needed, or its time is over; one that has never asked anything is owed no answer. */
    void drop() {
        if (!asked) {
            cut.complete(null);
        }
        over.complete(null);
    }

    /** It has ended by itself. */
    public void finish() {
        over.complete(null);
    }

    /** Runs {@code close} when nothing more is to be asked or answered, at once where it is so already. */
    public void whenOver(Runnable close) {
        over.thenRun(close);
    }

    /** Runs {@code then} when its socket is closed. */
    public void whenClosed(Runnable then) {
        closed.thenRun(then);
    }

    /** Runs {@code close} where it is to be closed without a word. */
    public void whenCut(Runnable close) {
        cut.thenRun(close);
    }
}
