package io.caravan.gateway.grpc;

import com.google.protobuf.MessageLite;
import io.caravan.gateway.memory.MemoryBudget;
import io.caravan.gateway.memory.NoRoomException;
import io.caravan.gateway.tokenizer.ContextOverflowException;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Gives messages memory before they come. How long a message will be is not told, and its bytes are kept out of sight until
 * it is whole: so the longest is claimed, until it is there, and none is asked for without that. Once there it claims what
 * reading it takes, as a body does.
 */
record MessageGuard(GrpcLimits limits) implements ServerInterceptor {
    /** As for the text of a body over HTTP, beside the message itself. */
    private static final int READING_BYTES_PER_BYTE = 12;

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        var claim = limits.memory().claim();
        var guarded = new Guarded<>(call);
        var listener = new Reading<>(next.startCall(guarded, headers), guarded, claim);
        claim.grow(limits.maxMessageBytes(), MemoryBudget.Use.ARRIVING).whenComplete((granted, failure) -> {
            if (failure == null) {
                guarded.open();
                listener.awaitMessage();
            } else {
                claim.close();
                guarded.refuse(Status.RESOURCE_EXHAUSTED, failure.getMessage());
            }
        });
        return listener;
    }

    /** A call that asks for messages only once it is open, and ends once. */
    private static final class Guarded<Q, R> extends SimpleForwardingServerCall<Q, R> {
        private int asked;
        private boolean open;
        private boolean closed;

        private Guarded(ServerCall<Q, R> call) {
            super(call);
        }

        @Override
        public void request(int count) {
            synchronized (this) {
                if (!open) {
                    asked += count;
                    return;
                }
            }
            super.request(count);
        }

        private void open() {
            int count;
            synchronized (this) {
                open = true;
                count = asked;
            }
            if (count > 0) {
                super.request(count);
            }
        }

        @Override
        public void close(Status status, Metadata trailers) {
            synchronized (this) {
                if (closed) {
                    return;
                }
                closed = true;
            }
            super.close(status, trailers);
        }

        private void refuse(Status status, String why) {
            close(status.withDescription(why), new Metadata());
        }
    }

    private final class Reading<Q> extends SimpleForwardingServerCallListener<Q> {
        private final Guarded<Q, ?> call;
        private final MemoryBudget.Claim claim;
        private volatile boolean arrived;

        private Reading(ServerCall.Listener<Q> listener, Guarded<Q, ?> call, MemoryBudget.Claim claim) {
            super(listener);
            this.call = call;
            this.claim = claim;
        }

        private void awaitMessage() {
            long millis = limits.messageTimeout().toMillis();
            CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS).execute(() -> {
                if (!arrived) {
                    claim.close();
                    call.refuse(Status.DEADLINE_EXCEEDED, "the message did not come within " + millis + " ms");
                }
            });
        }

        @Override
        public void onMessage(Q message) {
            arrived = true;
            long size = message instanceof MessageLite known ? known.getSerializedSize() : limits.maxMessageBytes();
            orRefuse(() -> {
                claim.shrinkTo(size);
                claim.await(size * READING_BYTES_PER_BYTE, MemoryBudget.Use.READING);
                super.onMessage(message);
            });
        }

        /** A request is answered, or begins to be, when it is known to be whole; nothing of it is kept then. */
        @Override
        public void onHalfClose() {
            arrived = true;
            orRefuse(super::onHalfClose);
            claim.close();
        }

        private void orRefuse(Runnable reading) {
            try {
                reading.run();
            } catch (NoRoomException noRoom) {
                call.refuse(Status.RESOURCE_EXHAUSTED, noRoom.getMessage());
            } catch (ContextOverflowException tooLong) {
                call.refuse(Status.INVALID_ARGUMENT, tooLong.getMessage());
            }
        }

        @Override
        public void onCancel() {
            arrived = true;
            claim.close();
            super.onCancel();
        }

        @Override
        public void onComplete() {
            arrived = true;
            claim.close();
            super.onComplete();
        }
    }
}
