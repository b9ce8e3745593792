package io.caravan.gateway.http;

import java.util.UUID;
import org.apache.pekko.event.LoggingAdapter;
import org.apache.pekko.http.ParsingErrorHandler;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.scaladsl.model.ErrorInfo;
import org.apache.pekko.http.scaladsl.model.StatusCode;
import org.apache.pekko.http.scaladsl.settings.ServerSettings;

/**
 * Tells what is wrong with a request that is not even HTTP, in the shape of all other errors. Pekko HTTP makes it by its
 * name in the configuration.
 */
public final class ParsingErrors extends ParsingErrorHandler {
    @Override
    public HttpResponse handle(StatusCode status, ErrorInfo error, LoggingAdapter log, ServerSettings settings) {
        String id = UUID.randomUUID().toString();
        log.debug(
                "Request {}: illegal, answered with {}: {}", id, status.intValue(), Outside.echo(error.formatPretty()));
        return Responses.error(new ApiError(
                        status.intValue(),
                        Outside.echo(error.summary()),
                        ApiError.Type.INVALID_REQUEST,
                        "",
                        "bad_request"))
                .addHeader(RawHeader.create(HttpFront.REQUEST_ID, id));
    }
}
