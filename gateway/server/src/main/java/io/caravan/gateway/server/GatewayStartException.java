package io.caravan.gateway.server;

/** The gateway cannot start; the message says what is in the way and how to go round it. */
public final class GatewayStartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public GatewayStartException(String message, Throwable cause) {
        super(message, cause);
    }
}
