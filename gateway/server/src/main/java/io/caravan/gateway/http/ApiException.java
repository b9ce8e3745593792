package io.caravan.gateway.http;

/** Ends the handling of a request with an error for its client. */
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient ApiError error;

    public ApiException(ApiError error) {
        super(error.message(), null, false, false);
        this.error = error;
    }

    /** A 400 that names the field. */
    public static ApiException invalid(String param, String message) {
        return new ApiException(ApiError.invalid(param, message));
    }

    public ApiError error() {
        return error;
    }
}
