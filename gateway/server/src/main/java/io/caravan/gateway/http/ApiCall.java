package io.caravan.gateway.http;

import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.stream.SharedKillSwitch;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/**
 * A request as a handler sees it.
 *
 * @param id by which client and log know it
 * @param keyed whether its sender may ask for everything
 * @param body read whole, and bounded
 * @param connection thrown when the client's connection ends
 */
public record ApiCall(HttpRequest request, String id, boolean keyed, ByteString body, SharedKillSwitch connection) {

    /** {@code source}, which is cancelled when the client's connection ends. */
    public <T> Source<T, NotUsed> whileConnected(Source<T, NotUsed> source) {
        return source.via(connection.flow());
    }

    /** The body as a JSON object. */
    public JsonFields json() {
        return JsonFields.parse(body);
    }
}
