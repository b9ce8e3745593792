package io.caravan.gateway.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/** The keys that let clients in. Compared by digest and in constant time, so that answers tell nothing about them. */
public final class ApiKeys {
    private static final String SCHEME = "Bearer ";

    private final List<byte[]> digests;

    /** Keys of which one is wanted; none lets everybody in. */
    public ApiKeys(List<String> keys) {
        this.digests = keys.stream().map(ApiKeys::digest).toList();
    }

    /**
     * Lets the bearer of an {@code Authorization} header in.
     *
     * @throws ApiException 401
     */
    public void admit(String authorization) {
        if (knows(authorization)) {
            return;
        }
        if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            throw refused("an API key is needed: send Authorization: Bearer KEY");
        }
        throw refused("this API key is not known here");
    }

    /** Whether the bearer of an {@code Authorization} header is let in. */
    public boolean knows(String authorization) {
        if (digests.isEmpty()) {
            return true;
        }
        if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return false;
        }
        byte[] digest = digest(authorization.substring(SCHEME.length()).trim());
        boolean known = false;
        for (byte[] each : digests) {
            known |= MessageDigest.isEqual(each, digest);
        }
        return known;
    }

    private static ApiException refused(String message) {
        return new ApiException(new ApiError(401, message, ApiError.Type.AUTHENTICATION, "", "invalid_api_key"));
    }

    private static byte[] digest(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
