package io.caravan.gateway.grpc;

import io.caravan.gateway.connection.Connection;
import io.caravan.gateway.memory.MemoryBudget;
import io.caravan.gateway.memory.NoRoomException;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The request of one call on its way. It claims the memory of what has arrived, as a body does. Where there is none it is
 * refused at once: a call cannot be told to wait within a message, but for its whole connection, which others share.
 */
final class Arrival extends ServerStreamTracer {
    private static final Context.Key<Arrival> KEY = Context.key("arrival");

    private final MemoryBudget.Claim claim;
    private volatile Connection connection;
    private volatile Consumer<Throwable> refusal = failure -> {};
    private final CompletableFuture<Void> come = new CompletableFuture<>();
    private boolean whole;
    private boolean closed;

    private Arrival(MemoryBudget.Claim claim) {
        this.claim = claim;
    }

    /** Follows each call. */
    static ServerStreamTracer.Factory factory(MemoryBudget memory) {
        return new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                return new Arrival(memory.claim());
            }
        };
    }

    /** That of the call that this thread works for. */
    static Arrival current() {
        return KEY.get();
    }

    @Override
    public Context filterContext(Context context) {
        return context.withValue(KEY, this);
    }

    @Override
    public void serverCallStarted(ServerCallInfo<?, ?> call) {
        connection = call.getAttributes().get(Peers.CONNECTION);
    }

    /** Hears why there is no memory, before the first byte comes. */
    void orElse(Consumer<Throwable> refused) {
        refusal = refused;
    }

    @Override
    public void inboundWireSize(long bytes) {
        try {
            claim.growNow(bytes, MemoryBudget.Use.ARRIVING);
        } catch (NoRoomException none) {
            claim.close();
            refusal.accept(none);
        }
    }

    /**
     * Waits for memory to read with.
     *
     * @throws NoRoomException where there is none
     */
    void await(long bytes) {
        claim.await(bytes, MemoryBudget.Use.READING);
    }

    /** Waits for memory to read with, or refuses the call. */
    boolean findsRoom(long bytes) {
        try {
            await(bytes);
            return true;
        } catch (NoRoomException none) {
            refusal.accept(none);
            return false;
        }
    }

    /** Of what has come this much is left. */
    void shrinkTo(long bytes) {
        claim.shrinkTo(bytes);
    }

    /** Nothing is kept of it. */
    void release() {
        claim.close();
    }

    /** The request is there, and being answered. */
    void whole() {
        synchronized (this) {
            if (whole || closed) {
                return;
            }
            whole = true;
            connection.begin(); // under the lock: before the end that streamClosed tells
        }
        come.complete(null);
    }

    /** Runs {@code late} where the request is not whole in time. */
    void within(Duration timeout, Runnable late) {
        come.orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS).exceptionally(failure -> {
            claim.close();
            late.run();
            return null;
        });
    }

    @Override
    public void streamClosed(Status status) {
        claim.close();
        boolean begun;
        synchronized (this) {
            begun = whole && !closed;
            closed = true;
        }
        come.complete(null);
        if (begun) {
            connection.end();
        }
    }
}
