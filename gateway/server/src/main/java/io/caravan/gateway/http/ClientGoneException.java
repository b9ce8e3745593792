package io.caravan.gateway.http;

/** A client's connection ended before it had its answer. */
final class ClientGoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ClientGoneException() {
        super("the client's connection ended", null, false, false);
    }
}
