package io.caravan.gateway.openai;

import io.caravan.gateway.generation.GenerationEvent;
import io.caravan.gateway.http.ApiError;

/** What a failed generation is to its client. */
final class Failures {
    private Failures() {}

    static ApiError of(GenerationEvent.Failed failed) {
        String message = failed.message();
        return switch (failed.failure()) {
            case INVALID -> ApiError.invalid("", message);
            case FAILED -> new ApiError(500, message, ApiError.Type.SERVER, "", "computation_failed");
            case OVERLOADED -> new ApiError(429, message, ApiError.Type.OVERLOADED, "", "overloaded");
            case UNAVAILABLE -> ApiError.unavailable(message);
            case DEADLINE -> new ApiError(504, message, ApiError.Type.UNAVAILABLE, "", "deadline_exceeded");
            case CANCELLED -> new ApiError(503, message, ApiError.Type.UNAVAILABLE, "", "cancelled");
        };
    }

    /** For a stream that ends and does not say how. */
    static ApiError cutOff() {
        return new ApiError(
                503,
                "the answer was cut off, because it was not read fast enough or the gateway is shutting down",
                ApiError.Type.UNAVAILABLE,
                "",
                "cut_off");
    }
}
