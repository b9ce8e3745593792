package io.caravan.gateway.http;

import io.caravan.gateway.connection.Connection;
import io.caravan.gateway.connection.ConnectionLimits;
import io.caravan.gateway.connection.Connections;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.settings.ServerSettings;
import org.apache.pekko.stream.TLSClosing;
import org.apache.pekko.stream.TLSProtocol.SslTlsInbound;
import org.apache.pekko.stream.TLSProtocol.SslTlsOutbound;
import org.apache.pekko.stream.javadsl.BidiFlow;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.TLS;
import org.apache.pekko.stream.javadsl.TLSPlacebo;
import org.apache.pekko.stream.javadsl.Tcp;
import org.apache.pekko.util.ByteString;

/**
 * Where connections come in. They are accepted here and not by Pekko HTTP, which has no say over a socket as long as TLS
 * holds it.
 */
public final class HttpDoor {
    /** A client that does not close a connection that this side has closed gets no more time than this. */
    private static final Duration LINGERING = Duration.ofSeconds(1);

    private static final Duration CLOSE_CHECK = Duration.ofMillis(20);

    private final ActorSystem<?> system;
    private final Tcp.ServerBinding binding;
    private final Connections connections;

    private HttpDoor(ActorSystem<?> system, Tcp.ServerBinding binding, Connections connections) {
        this.system = system;
        this.binding = binding;
        this.connections = connections;
    }

    /**
     * Binds and serves.
     *
     * @param port 0 takes any free one
     * @param tls empty serves without
     * @param stalledTimeout how long no byte may pass over a connection, whatever it waits for
     */
    public static CompletionStage<HttpDoor> open(
            ActorSystem<?> system,
            String host,
            int port,
            List<SSLContext> tls,
            ServerSettings settings,
            Duration stalledTimeout,
            ConnectionLimits limits,
            HttpFront front) {
        var connections = new Connections(
                limits, (after, what) -> system.scheduler().scheduleOnce(after, what, system.executionContext()));
        int most = limits.most() + limits.reserved();
        return Tcp.get(system)
                .bind(host, port, most, settings.getSocketOptions(), false, Optional.empty())
                .mapAsyncUnordered(most, incoming -> {
                    var layers = Http.get(system)
                            .serverLayer(settings)
                            .atop(encryption(tls))
                            .atop(BidiFlow.bidirectionalIdleTimeout(stalledTimeout));
                    return serve(system, incoming, connections.open(), layers, front);
                })
                .toMat(Sink.ignore(), Keep.left())
                .run(system)
                .thenApply(binding -> new HttpDoor(system, binding, connections));
    }

    /** Serves a connection until its socket is closed. */
    private static CompletionStage<Done> serve(
            ActorSystem<?> system,
            Tcp.IncomingConnection incoming,
            Connection connection,
            BidiFlow<HttpResponse, ByteString, ByteString, HttpRequest, NotUsed> layers,
            HttpFront front) {
        var closed = new CompletableFuture<Done>();
        connection.whenClosed(() -> closed.complete(Done.getInstance()));
        var bytes = layers.atop(BidiFlow.fromGraph(new Linger(connection, LINGERING)))
                .reversed()
                .join(front.answering(connection));
        incoming.handleWith(bytes, system);
        return closed;
    }

    private static BidiFlow<SslTlsOutbound, ByteString, ByteString, SslTlsInbound, NotUsed> encryption(
            List<SSLContext> tls) {
        return tls.isEmpty() ? none() : TLS.create(() -> engine(tls.getFirst()), TLSClosing.eagerClose());
    }

    @SuppressWarnings("unchecked") // its bytes come as one kind of what TLS may say
    private static BidiFlow<SslTlsOutbound, ByteString, ByteString, SslTlsInbound, NotUsed> none() {
        return (BidiFlow<SslTlsOutbound, ByteString, ByteString, SslTlsInbound, NotUsed>)
                (BidiFlow<?, ?, ?, ?, ?>) TLSPlacebo.getInstance();
    }

    private static SSLEngine engine(SSLContext context) {
        var engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        return engine;
    }

    /** The address that is bound. */
    public InetSocketAddress address() {
        return binding.localAddress();
    }

    /** Accepts no more, and completes when all that is being answered is; after {@code patience} the rest is cut off. */
    public CompletionStage<Done> close(Duration patience) {
        connections.close();
        return binding.unbind()
                .thenCompose(unbound -> emptied(patience))
                .whenComplete((done, failure) -> connections.abandon());
    }

    private CompletionStage<Done> emptied(Duration patience) {
        var empty = new CompletableFuture<Done>();
        var check = system.scheduler()
                .scheduleWithFixedDelay(
                        Duration.ZERO,
                        CLOSE_CHECK,
                        () -> {
                            if (connections.isEmpty()) {
                                empty.complete(Done.getInstance());
                            }
                        },
                        system.executionContext());
        return empty.completeOnTimeout(Done.getInstance(), patience.toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((done, failure) -> check.cancel());
    }
}
