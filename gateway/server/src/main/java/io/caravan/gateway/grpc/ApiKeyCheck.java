package io.caravan.gateway.grpc;

import io.caravan.gateway.http.ApiException;
import io.caravan.gateway.http.ApiKeys;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/** Lets calls of the Caravan service pass that carry one of the keys as {@code authorization: Bearer KEY}. */
record ApiKeyCheck(ApiKeys keys) implements ServerInterceptor {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final String GUARDED = "caravan.v1.";

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        if (call.getMethodDescriptor().getFullMethodName().startsWith(GUARDED)) {
            String given = headers.get(AUTHORIZATION);
            try {
                keys.admit(given == null ? "" : given);
            } catch (ApiException refused) {
                call.close(
                        Status.UNAUTHENTICATED.withDescription(refused.error().message()), new Metadata());
                return new ServerCall.Listener<>() {};
            }
        }
        return next.startCall(call, headers);
    }
}
