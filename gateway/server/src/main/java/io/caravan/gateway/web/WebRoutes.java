package io.caravan.gateway.web;

import static org.apache.pekko.http.javadsl.server.Directives.complete;
import static org.apache.pekko.http.javadsl.server.Directives.concat;
import static org.apache.pekko.http.javadsl.server.Directives.get;
import static org.apache.pekko.http.javadsl.server.Directives.getFromResource;
import static org.apache.pekko.http.javadsl.server.Directives.onComplete;
import static org.apache.pekko.http.javadsl.server.Directives.path;
import static org.apache.pekko.http.javadsl.server.Directives.pathSingleSlash;
import static org.apache.pekko.http.javadsl.server.Directives.respondWithHeaders;

import io.caravan.proto.actor.PipelineStatus;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.StatusCodes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.javadsl.server.Route;

/** The page's files and the state that it shows. */
public final class WebRoutes {
    private static final String FOLDER = "web/";

    private WebRoutes() {}

    /** Everything below {@code /} that belongs to the page. */
    public static Route create(String model, Supplier<CompletionStage<PipelineStatus>> status) {
        Route files = concat(
                pathSingleSlash(() -> getFromResource(FOLDER + "index.html", ContentTypes.TEXT_HTML_UTF8)),
                path(
                        "chat.css",
                        () -> getFromResource(
                                FOLDER + "chat.css", MediaTypes.TEXT_CSS.toContentTypeWithMissingCharset())),
                path(
                        "chat.js",
                        () -> getFromResource(
                                FOLDER + "chat.js",
                                MediaTypes.APPLICATION_JAVASCRIPT.toContentTypeWithMissingCharset())));
        return get(() -> concat(
                respondWithHeaders(
                        List.of(
                                RawHeader.create("Content-Security-Policy", "default-src 'self'; img-src data:"),
                                RawHeader.create("X-Content-Type-Options", "nosniff"),
                                RawHeader.create("Cache-Control", "no-cache")),
                        () -> files),
                path("status", () -> onComplete(status.get(), known -> complete(statusResponse(model, known))))));
    }

    private static HttpResponse statusResponse(String model, scala.util.Try<PipelineStatus> known) {
        if (known.isFailure()) {
            return HttpResponse.create()
                    .withStatus(StatusCodes.SERVICE_UNAVAILABLE)
                    .withEntity(HttpEntities.create(
                            ContentTypes.APPLICATION_JSON,
                            "{\"error\":{\"message\":\"the scheduler does not answer\",\"type\":\"unavailable\","
                                    + "\"param\":null,\"code\":null}}"));
        }
        return HttpResponse.create()
                .withEntity(HttpEntities.create(
                        ContentTypes.APPLICATION_JSON,
                        StatusJson.of(model, known.get()).toString()));
    }
}
