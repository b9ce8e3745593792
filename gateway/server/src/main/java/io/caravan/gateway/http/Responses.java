package io.caravan.gateway.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.util.ByteString;

/** Makes responses. */
public final class Responses {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Responses() {}

    /** 200 with a JSON body. */
    public static HttpResponse json(JsonNode body) {
        return json(200, body);
    }

    public static HttpResponse json(int status, JsonNode body) {
        return HttpResponse.create().withStatus(status).withEntity(ContentTypes.APPLICATION_JSON, bytes(body));
    }

    public static HttpResponse error(ApiError error) {
        HttpResponse response = json(error.status(), error.json());
        List<HttpHeader> headers = error.passing()
                ? List.of(RawHeader.create("Retry-After", Integer.toString(ApiError.RETRY_AFTER_SECONDS)))
                : List.of();
        return response.addHeaders(headers);
    }

    /** A response that is known at once. */
    public static CompletionStage<HttpResponse> now(HttpResponse response) {
        return CompletableFuture.completedFuture(response);
    }

    /** JSON as it goes over the wire. */
    public static ByteString bytes(JsonNode body) {
        try {
            return ByteString.fromArrayUnsafe(MAPPER.writeValueAsBytes(body));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
