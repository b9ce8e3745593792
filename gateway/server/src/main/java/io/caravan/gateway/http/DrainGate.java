package io.caravan.gateway.http;

/** Open until the gateway begins to end. */
public final class DrainGate {
    private volatile boolean draining;

    /** Lets nothing new in. */
    public void close() {
        draining = true;
    }

    /** Whether nothing new is let in. */
    public boolean closed() {
        return draining;
    }

    /**
     * Lets a request in.
     *
     * @throws ApiException 503 when the gateway is ending
     */
    void admit() {
        if (draining) {
            throw new ApiException(ApiError.unavailable("this gateway is shutting down: ask another, or try again"));
        }
    }
}
