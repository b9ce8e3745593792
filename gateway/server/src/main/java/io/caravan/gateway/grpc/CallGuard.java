package io.caravan.gateway.grpc;

import io.caravan.gateway.http.ApiException;
import io.caravan.gateway.http.ApiKeys;
import io.caravan.gateway.http.Outside;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every call passes here, as every HTTP request passes its front: all but those for health need one of the keys, as {@code
 * authorization: Bearer KEY}, nothing new begins while the gateway ends, and an answer that is an error tells its request's
 * id and not what only operators may know.
 */
record CallGuard(ApiKeys keys, BooleanSupplier draining) implements ServerInterceptor {
    /** By which client and log know the call. */
    static final Context.Key<String> REQUEST_ID = Context.key("request id");

    private static final Logger LOG = LoggerFactory.getLogger(CallGuard.class);
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> ID = Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);
    private static final String FOR_EVERYBODY = "grpc.health.v1.";

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        String id = UUID.randomUUID().toString();
        var guarded = new Answered<>(call, id);
        if (!call.getMethodDescriptor().getFullMethodName().startsWith(FOR_EVERYBODY)) {
            if (call.getAttributes().get(Peers.CONNECTION).forProbesAlone()) {
                return refuse(
                        guarded,
                        Status.UNAVAILABLE,
                        "all of this gateway's connections are in use: ask another, or try again");
            }
            String given = headers.get(AUTHORIZATION);
            try {
                keys.admit(given == null ? "" : given);
            } catch (ApiException refused) {
                return refuse(guarded, Status.UNAUTHENTICATED, refused.error().message());
            }
            if (draining.getAsBoolean()) {
                return refuse(
                        guarded,
                        Status.UNAVAILABLE,
                        "this gateway is shutting down: call again, and another one answers");
            }
        }
        return Contexts.interceptCall(Context.current().withValue(REQUEST_ID, id), guarded, headers, next);
    }

    private static <Q, R> ServerCall.Listener<Q> refuse(ServerCall<Q, R> call, Status status, String why) {
        call.close(status.withDescription(why), new Metadata());
        return new ServerCall.Listener<>() {};
    }

    private static final class Answered<Q, R> extends SimpleForwardingServerCall<Q, R> {
        private final String id;

        private Answered(ServerCall<Q, R> call, String id) {
            super(call);
            this.id = id;
        }

        @Override
        public void close(Status status, Metadata trailers) {
            if (status.isOk()) {
                super.close(status, trailers);
                return;
            }
            trailers.put(ID, id);
            if (status.getCause() != null) {
                LOG.error("Request {}: {} failed", id, getMethodDescriptor().getFullMethodName(), status.getCause());
            }
            String told = status.getDescription() == null
                    ? "the gateway failed; its log tells why under the request id " + id
                    : Outside.cut(status.getDescription(), Outside.MAX_MESSAGE_CHARS);
            super.close(status.withDescription(told).withCause(null), trailers);
        }
    }
}
