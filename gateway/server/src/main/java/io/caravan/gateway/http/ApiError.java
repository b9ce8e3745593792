package io.caravan.gateway.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What a client is told when it gets no answer, in the shape that OpenAI's clients read.
 *
 * @param param the field that is wrong; empty where no single one is
 * @param code for programs; empty where there is none
 */
public record ApiError(int status, String message, Type type, String param, String code) {
    public ApiError {
        message = Outside.cut(message, Outside.MAX_MESSAGE_CHARS);
        param = Outside.echo(param);
    }

    /** Seconds after which a client may try again, where that can help. */
    public static final int RETRY_AFTER_SECONDS = 2;

    /** Whose fault it is. */
    public enum Type {
        INVALID_REQUEST("invalid_request_error"),
        AUTHENTICATION("authentication_error"),
        OVERLOADED("rate_limit_error"),
        UNAVAILABLE("service_unavailable_error"),
        SERVER("server_error");

        private final String text;

        Type(String text) {
            this.text = text;
        }
    }

    /** The request cannot be served as it is. */
    public static ApiError invalid(String param, String message) {
        return new ApiError(400, message, Type.INVALID_REQUEST, param, "");
    }

    /** The request is longer than the model's context. */
    public static ApiError tooLong(String message) {
        return new ApiError(400, message, Type.INVALID_REQUEST, "", "context_length_exceeded");
    }

    /** There is no answer yet, or no more. */
    public static ApiError unavailable(String message) {
        return new ApiError(503, message, Type.UNAVAILABLE, "", "unavailable");
    }

    /** Whether trying again later may help. */
    public boolean passing() {
        return status == 429 || status == 503;
    }

    /** {@code {"error": {...}}}. */
    public ObjectNode json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ObjectNode error = root.putObject("error");
        error.put("message", message);
        error.put("type", type.text);
        putOrNull(error, "param", param);
        putOrNull(error, "code", code);
        return root;
    }

    private static void putOrNull(ObjectNode node, String name, String value) {
        if (value.isEmpty()) {
            node.putNull(name);
        } else {
            node.put(name, value);
        }
    }
}
