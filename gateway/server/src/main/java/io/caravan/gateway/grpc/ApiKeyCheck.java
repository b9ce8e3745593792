package io.caravan.gateway.grpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;

/** Lets calls of the Caravan service pass that carry one of the keys as {@code authorization: Bearer KEY}. */
final class ApiKeyCheck implements ServerInterceptor {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final String BEARER = "Bearer ";
    private static final String GUARDED = "caravan.v1.";

    private final List<String> keys;

    /** No keys let everyone pass. */
    ApiKeyCheck(List<String> keys) {
        this.keys = List.copyOf(keys);
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        boolean guarded = call.getMethodDescriptor().getFullMethodName().startsWith(GUARDED);
        if (!guarded || keys.isEmpty() || known(headers.get(AUTHORIZATION))) {
            return next.startCall(call, headers);
        }
        call.close(
                Status.UNAUTHENTICATED.withDescription("an API key is needed: authorization: Bearer KEY"),
                new Metadata());
        return new ServerCall.Listener<>() {};
    }

    /** Compares with every key in constant time. */
    private boolean known(String header) {
        if (header == null || !header.startsWith(BEARER)) {
            return false;
        }
        byte[] given = header.substring(BEARER.length()).getBytes(StandardCharsets.UTF_8);
        boolean found = false;
        for (String key : keys) {
            found |= MessageDigest.isEqual(given, key.getBytes(StandardCharsets.UTF_8));
        }
        return found;
    }
}
