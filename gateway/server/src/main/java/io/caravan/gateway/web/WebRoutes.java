package io.caravan.gateway.web;

import io.caravan.gateway.http.ApiError;
import io.caravan.gateway.http.Responses;
import io.caravan.gateway.http.Routes;
import io.caravan.proto.actor.PipelineStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.util.ByteString;

/** The page's files and the state that it shows. */
public final class WebRoutes {
    private static final ContentType CSS = MediaTypes.TEXT_CSS.toContentTypeWithMissingCharset();
    private static final ContentType SCRIPT = MediaTypes.APPLICATION_JAVASCRIPT.toContentTypeWithMissingCharset();
    private static final List<HttpHeader> HEADERS = List.of(
            RawHeader.create("Content-Security-Policy", "default-src 'self'; img-src data:; frame-ancestors 'none'"),
            RawHeader.create("X-Content-Type-Options", "nosniff"),
            RawHeader.create("Referrer-Policy", "no-referrer"),
            RawHeader.create("Cache-Control", "no-cache"));

    private WebRoutes() {}

    /** Everything below {@code /} that belongs to the page. */
    public static Routes of(
            String model, Supplier<CompletionStage<PipelineStatus>> status, Supplier<List<String>> notices) {
        var routes = new Routes();
        file(routes, "/", "index.html", ContentTypes.TEXT_HTML_UTF8);
        file(routes, "/chat.css", "chat.css", CSS);
        for (String script : List.of("chat.js", "key.js", "page.js", "pipeline.js", "stream.js")) {
            file(routes, "/" + script, script, SCRIPT);
        }
        // the page itself is for everybody, so that a person can enter the key
        return routes.forEverybody()
                .get(
                        "/status",
                        call -> status.get()
                                .handle((known, failure) -> failure == null
                                        ? Responses.json(StatusJson.of(model, known, notices.get()))
                                        : Responses.error(ApiError.unavailable("the scheduler does not answer"))));
    }

    private static void file(Routes routes, String path, String name, ContentType type) {
        HttpResponse response =
                HttpResponse.create().withEntity(type, read(name)).addHeaders(HEADERS);
        routes.get(path, call -> Responses.now(response));
    }

    private static ByteString read(String name) {
        try (var in = WebRoutes.class.getResourceAsStream("/web/" + name)) {
            return ByteString.fromArray(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
