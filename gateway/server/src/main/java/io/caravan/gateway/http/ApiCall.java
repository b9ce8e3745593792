package io.caravan.gateway.http;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.stream.SharedKillSwitch;
import org.apache.pekko.stream.javadsl.Source;

/**
 * A request as a handler sees it.
 *
 * @param id by which client and log know it
 * @param keyed whether its sender may ask for everything
 * @param body whole, and not yet read
 * @param connection thrown when the client's connection ends
 */
public record ApiCall(HttpRequest request, String id, boolean keyed, RequestBody body, SharedKillSwitch connection) {

    /** {@code source}, which is cancelled when the client's connection ends. */
    public <T> Source<T, NotUsed> whileConnected(Source<T, NotUsed> source) {
        return source.via(connection.flow());
    }

    /**
     * What {@code reader} makes of the body, a JSON object, on {@code executor} and when there is memory to read it. The
     * body is let go then: what waits for an answer keeps nothing of it.
     */
    public <T> CompletionStage<T> read(Executor executor, Function<JsonFields, T> reader) {
        return body.read(executor, reader);
    }
}
