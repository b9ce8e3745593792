package io.caravan.gateway.http;

import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;

/** Which pages' scripts may read the answers. Credentials are API keys, never cookies, so none are asked for. */
public final class Cors {
    private static final String ANY = "*";
    private static final int PREFLIGHT_SECONDS = 600;

    private final List<String> origins;

    /** Origins as {@code https://chat.example.org}; {@code *} is every one. */
    public Cors(List<String> origins) {
        this.origins = List.copyOf(origins);
    }

    /** Whether the request only asks what it may ask. */
    boolean isPreflight(HttpRequest request) {
        return request.method().equals(HttpMethods.OPTIONS)
                && request.getHeader("Access-Control-Request-Method").isPresent();
    }

    /** What it may ask: nothing for an origin that is not allowed, as browsers understand a lack of headers. */
    HttpResponse preflight(HttpRequest request) {
        List<HttpHeader> headers = new ArrayList<>(allowing(request));
        if (!headers.isEmpty()) {
            headers.add(RawHeader.create("Access-Control-Allow-Methods", "GET, POST"));
            headers.add(RawHeader.create("Access-Control-Allow-Headers", "authorization, content-type, x-request-id"));
            headers.add(RawHeader.create("Access-Control-Max-Age", Integer.toString(PREFLIGHT_SECONDS)));
        }
        return HttpResponse.create().withStatus(204).addHeaders(headers);
    }

    /** Headers that let the asking page read the answer. */
    List<HttpHeader> allowing(HttpRequest request) {
        String origin = request.getHeader("Origin").map(HttpHeader::value).orElse("");
        boolean any = origins.contains(ANY);
        if (origin.isEmpty() || !any && !origins.contains(origin)) {
            return List.of();
        }
        return List.of(
                RawHeader.create("Access-Control-Allow-Origin", any ? ANY : origin),
                RawHeader.create("Access-Control-Expose-Headers", "x-request-id, retry-after"),
                RawHeader.create("Vary", "Origin"));
    }
}
