package io.caravan.gateway.http;

import io.caravan.gateway.connection.Connection;
import io.caravan.gateway.memory.MemoryBudget;
import io.caravan.gateway.memory.NoRoomException;
import io.caravan.gateway.tokenizer.ContextOverflowException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.scaladsl.model.EntityStreamException;
import org.apache.pekko.http.scaladsl.model.EntityStreamSizeException;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.SharedKillSwitch;
import org.apache.pekko.stream.javadsl.BidiFlow;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.util.ByteString;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every request passes here on its way to its handler, and every response on its way back.
 *
 * <p>A connection has a switch that is thrown when it ends, whether its client is waiting for a status line or in the
 * middle of a stream; what works for that client hangs on it ({@link ApiCall#whileConnected}).
 */
public final class HttpFront {
    private static final Logger LOG = LoggerFactory.getLogger(HttpFront.class);
    static final String REQUEST_ID = "x-request-id";
    private static final int MAX_REQUEST_ID_CHARS = 128;
    private static final int METHOD_NOT_ALLOWED = 405;

    /** What a piece of a body takes beside its bytes: who sends one byte at a time must not send them for nothing. */
    private static final int PIECE_BYTES = 128;

    private static final HttpHeader CLOSE = org.apache.pekko.http.javadsl.model.headers.Connection.create("close");

    private final ActorSystem<?> system;
    private final Routes routes;
    private final ApiKeys keys;
    private final Cors cors;
    private final DrainGate gate;
    private final MemoryBudget memory;
    private final long maxBodyBytes;
    private final Duration bodyTimeout;

    /**
     * The front of all connections to one address.
     *
     * @param memory of all bodies together
     * @param bodyTimeout how long a body may take after its request's head
     */
    public HttpFront(
            ActorSystem<?> system,
            Routes routes,
            ApiKeys keys,
            Cors cors,
            DrainGate gate,
            MemoryBudget memory,
            long maxBodyBytes,
            Duration bodyTimeout) {
        this.system = system;
        this.routes = routes;
        this.keys = keys;
        this.cors = cors;
        this.gate = gate;
        this.memory = memory;
        this.maxBodyBytes = maxBodyBytes;
        this.bodyTimeout = bodyTimeout;
    }

    /** Handles the requests of {@code connection}, one after another. */
    Flow<HttpRequest, HttpResponse, NotUsed> answering(Connection connection) {
        SharedKillSwitch ended = KillSwitches.shared("connection");
        var answering = Flow.<HttpRequest>create()
                .watchTermination((unused, end) -> {
                    end.whenComplete((done, failure) -> ended.shutdown());
                    return NotUsed.getInstance();
                })
                .mapAsync(1, request -> admitted(request, ended, connection));
        return BidiFlow.fromGraph(new ConnectionBounds(connection)).join(answering);
    }

    private CompletionStage<HttpResponse> admitted(HttpRequest request, SharedKillSwitch ended, Connection connection) {
        if (routes.isForWatchers(request.getUri().path()) || !connection.forProbesAlone()) {
            return handle(request, ended);
        }
        request.discardEntityBytes(system);
        return Responses.now(Responses.error(
                        ApiError.unavailable("all of this gateway's connections are in use: ask another, or try again"))
                .addHeader(CLOSE));
    }

    CompletionStage<HttpResponse> handle(HttpRequest request, SharedKillSwitch connection) {
        String given = header(request, REQUEST_ID);
        String id = printable(given) ? given : UUID.randomUUID().toString();
        List<HttpHeader> headers = new ArrayList<>(cors.allowing(request));
        headers.add(RawHeader.create(REQUEST_ID, id));
        if (cors.isPreflight(request)) {
            request.discardEntityBytes(system);
            return Responses.now(cors.preflight(request));
        }
        return answer(request, id, connection)
                .exceptionally(failure -> failed(request, id, failure))
                .thenApply(response -> response.addHeaders(headers));
    }

    private CompletionStage<HttpResponse> answer(HttpRequest request, String id, SharedKillSwitch connection) {
        try {
            String path = request.getUri().path();
            String authorization = header(request, "Authorization");
            if (!routes.isForEverybody(path)) {
                keys.admit(authorization);
                gate.admit();
            }
            boolean keyed = keys.knows(authorization);
            Routes.Handler handler = routes.find(request.method(), path);
            return body(request)
                    .thenCompose(body -> handler.handle(new ApiCall(request, id, keyed, body, connection))
                            .whenComplete((response, failure) -> body.close()));
        } catch (ApiException e) {
            request.discardEntityBytes(system);
            return CompletableFuture.failedFuture(e);
        }
    }

    /** The whole body, piece by piece as there is memory for it. */
    private CompletionStage<RequestBody> body(HttpRequest request) {
        if (request.entity().getContentLengthOption().orElse(0) > maxBodyBytes) {
            throw new ApiException(tooLarge());
        }
        MemoryBudget.Claim claim = memory.claim();
        return request.entity()
                .withSizeLimit(maxBodyBytes)
                .getDataBytes()
                .mapAsync(
                        1,
                        piece -> claim.grow(piece.size() + PIECE_BYTES, MemoryBudget.Use.ARRIVING)
                                .thenApply(granted -> piece.compact()))
                .completionTimeout(bodyTimeout)
                .runFold(ByteString.emptyByteString(), ByteString::concat, system)
                .whenComplete((bytes, failure) -> {
                    if (failure != null) {
                        claim.close();
                    }
                })
                .thenApply(bytes -> new RequestBody(bytes, claim));
    }

    private HttpResponse failed(HttpRequest request, String id, Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return switch (cause) {
            case ApiException known
            when known.error().status() == METHOD_NOT_ALLOWED ->
                Responses.error(known.error())
                        .addHeader(RawHeader.create(
                                "Allow",
                                String.join(
                                        ", ", routes.methods(request.getUri().path()))));
            case ApiException known -> Responses.error(known.error());
            case EntityStreamSizeException tooLarge -> Responses.error(tooLarge());
            case ContextOverflowException tooLong -> Responses.error(ApiError.tooLong(tooLong.getMessage()));
            case NoRoomException noRoom
            when noRoom.passing() -> Responses.error(ApiError.unavailable(noRoom.getMessage()));
            case NoRoomException never ->
                Responses.error(
                        new ApiError(413, never.getMessage(), ApiError.Type.INVALID_REQUEST, "", "body_too_large"));
            case TimeoutException late -> Responses.error(tooSlow()).addHeader(CLOSE);
            case EntityStreamException broken ->
                Responses.error(ApiError.invalid("", "the body cannot be read: " + Outside.echo(broken.getMessage())));
            default -> {
                LOG.error(
                        "Request {}: {} {} failed",
                        id,
                        Outside.echo(request.method().name()),
                        Outside.echo(request.getUri().path()),
                        cause);
                yield Responses.error(new ApiError(
                        500,
                        "the gateway failed; its log tells why under the request id " + id,
                        ApiError.Type.SERVER,
                        "",
                        "internal"));
            }
        };
    }

    private ApiError tooLarge() {
        return new ApiError(
                413,
                "the body is larger than " + maxBodyBytes + " bytes",
                ApiError.Type.INVALID_REQUEST,
                "",
                "body_too_large");
    }

    private ApiError tooSlow() {
        return new ApiError(
                408,
                "the body did not come within " + bodyTimeout.toMillis() + " ms",
                ApiError.Type.INVALID_REQUEST,
                "",
                "body_too_slow");
    }

    private static String header(HttpRequest request, String name) {
        return request.getHeader(name).map(HttpHeader::value).orElse("");
    }

    private static boolean printable(String id) {
        return !id.isEmpty()
                && id.length() <= MAX_REQUEST_ID_CHARS
                && id.chars().allMatch(c -> c > ' ' && c < 0x7F);
    }
}
