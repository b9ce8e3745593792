package io.caravan.gateway.grpc;

import com.google.protobuf.MessageLite;
import io.caravan.gateway.memory.NoRoomException;
import io.caravan.gateway.tokenizer.ContextOverflowException;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/** Refuses messages that do not come in time, and those for which there is no memory, on their way or once they are read. */
record MessageGuard(GrpcLimits limits) implements ServerInterceptor {
    /** As for the text of a body over HTTP, beside the message itself. */
    private static final int READING_BYTES_PER_BYTE = 12;

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        var guarded = new Guarded<>(call);
        Arrival arrival = Arrival.current();
        arrival.orElse(failure -> guarded.refuse(Status.RESOURCE_EXHAUSTED, failure.getMessage()));
        arrival.within(
                limits.messageTimeout(),
                () -> guarded.refuse(
                        Status.DEADLINE_EXCEEDED,
                        "the message did not come within "
                                + limits.messageTimeout().toMillis() + " ms"));
        return new Reading<>(next.startCall(guarded, headers), guarded, arrival);
    }

    /** A call that ends once. */
    private static final class Guarded<Q, R> extends SimpleForwardingServerCall<Q, R> {
        private boolean closed;

        private Guarded(ServerCall<Q, R> call) {
            super(call);
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

        private synchronized boolean isClosed() {
            return closed;
        }

        private void refuse(Status status, String why) {
            close(status.withDescription(why), new Metadata());
        }
    }

    private final class Reading<Q> extends SimpleForwardingServerCallListener<Q> {
        private final Guarded<Q, ?> call;
        private final Arrival arrival;

        private Reading(ServerCall.Listener<Q> listener, Guarded<Q, ?> call, Arrival arrival) {
            super(listener);
            this.call = call;
            this.arrival = arrival;
        }

        @Override
        public void onMessage(Q message) {
            if (call.isClosed()) {
                return;
            }
            long size = message instanceof MessageLite known ? known.getSerializedSize() : limits.maxMessageBytes();
            boolean more = !call.getMethodDescriptor().getType().clientSendsOneMessage();
            if (more) {
                arrival.whole();
            }
            orRefuse(() -> {
                arrival.shrinkTo(size);
                arrival.await(size * READING_BYTES_PER_BYTE);
                super.onMessage(message);
            });
            if (more) {
                arrival.shrinkTo(0);
            }
        }

        /** A request is answered, or begins to be, when it is known to be whole; nothing of it is kept then. */
        @Override
        public void onHalfClose() {
            if (call.isClosed()) {
                return;
            }
            arrival.whole();
            orRefuse(super::onHalfClose);
            arrival.release();
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
    }
}
