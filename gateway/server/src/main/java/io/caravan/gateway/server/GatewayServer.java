package io.caravan.gateway.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.gateway.generation.Generations;
import io.caravan.gateway.grpc.GrpcGateway;
import io.caravan.gateway.grpc.GrpcLimits;
import io.caravan.gateway.health.HealthRoutes;
import io.caravan.gateway.health.PipelineMonitor;
import io.caravan.gateway.http.ApiKeys;
import io.caravan.gateway.http.Cors;
import io.caravan.gateway.http.DrainGate;
import io.caravan.gateway.http.HttpDoor;
import io.caravan.gateway.http.HttpFront;
import io.caravan.gateway.http.ParsingErrors;
import io.caravan.gateway.http.Routes;
import io.caravan.gateway.memory.MemoryBudget;
import io.caravan.gateway.metrics.GatewayMetrics;
import io.caravan.gateway.metrics.MetricsRoutes;
import io.caravan.gateway.metrics.PipelineMetrics;
import io.caravan.gateway.openai.ApiLimits;
import io.caravan.gateway.openai.OpenAiRoutes;
import io.caravan.gateway.openai.TokenRoutes;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.gateway.web.WebRoutes;
import io.caravan.proto.actor.SchedulerProtocol;
import io.grpc.InsecureServerCredentials;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.apache.pekko.Done;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.http.javadsl.model.headers.ProductVersion;
import org.apache.pekko.http.javadsl.model.headers.Server;
import org.apache.pekko.http.javadsl.settings.ServerSettings;

/** The gateway of one model: HTTP and gRPC in front of a pipeline. */
public final class GatewayServer implements AutoCloseable {
    private static final Duration BIND_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration DRAIN_CHECK = Duration.ofMillis(20);

    /** A client that does not close a connection that this side has closed gets no more time than this. */
    private static final String LINGER = "1s";

    /** Beyond a request's deadline, so that the deadline ends it and not the connection. */
    private static final Duration STALLED_MARGIN = Duration.ofMinutes(1);

    private final ActorSystem<?> system;
    private final GatewaySettings settings;
    private final Generations generations;
    private final DrainGate gate;
    private final HttpDoor http;
    private final List<GrpcGateway> grpc;

    private GatewayServer(
            ActorSystem<?> system,
            GatewaySettings settings,
            Generations generations,
            DrainGate gate,
            HttpDoor http,
            List<GrpcGateway> grpc) {
        this.system = system;
        this.settings = settings;
        this.generations = generations;
        this.gate = gate;
        this.http = http;
        this.grpc = grpc;
    }

    /**
     * Binds and serves.
     *
     * @param scheduler of the pipeline that runs {@code model}
     * @param notices what this process knows beside the pipeline, a line each: for {@code /status}, and for probes while nothing
     *     is served
     * @throws GatewayStartException when an address cannot be bound or the TLS key cannot be used
     */
    public static GatewayServer start(
            ActorSystem<?> system,
            GatewaySettings settings,
            ServedModel model,
            ActorRef<SchedulerProtocol.Command> scheduler,
            Supplier<List<String>> notices) {
        ServedModel served = served(settings, model);
        var gate = new DrainGate();
        var monitor =
                new PipelineMonitor(system, scheduler, settings.statusMaxAge(), settings.statusTimeout(), notices);
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        var prefixes = settings.vllmNames() ? List.of("caravan_", "vllm:") : List.of("caravan_");
        var tags = Tags.of("model_name", served.name(), "engine", "0");
        var texts = Texts.of(settings, served, monitor);
        var generations = new Generations(
                system,
                served.tokenizer(),
                settings.generation(),
                scheduler,
                new GatewayMetrics(registry, prefixes, tags));
        Routes routes = routes(system, settings, texts, generations, monitor, gate)
                .and(MetricsRoutes.of(
                        registry, new PipelineMetrics(registry, prefixes, tags), monitor, settings.openMetrics()));
        HttpDoor http = bind(system, settings, texts.memory(), routes, gate);
        try {
            List<GrpcGateway> grpc = startGrpc(system, settings, texts, generations, monitor, gate);
            return new GatewayServer(system, settings, generations, gate, http, grpc);
        } catch (IOException e) {
            http.close(CLOSE_TIMEOUT);
            throw new GatewayStartException(e.getMessage(), e);
        }
    }

    private static ServedModel served(GatewaySettings settings, ServedModel model) {
        ServedModel named = settings.modelName().isEmpty() ? model : model.named(settings.modelName());
        return settings.allowSpecialInContent() ? named.allowingSpecialInContent() : named;
    }

    private static Routes routes(
            ActorSystem<?> system,
            GatewaySettings settings,
            Texts texts,
            Generations generations,
            PipelineMonitor monitor,
            DrainGate gate) {
        ServedModel model = texts.model();
        var limits = new ApiLimits(
                settings.deadline(),
                settings.maxSequencesPerRequest(),
                settings.maxStopStrings(),
                settings.http().keepAlive());
        int positions = model.spec().maxPositions();
        String version = version(system);
        return OpenAiRoutes.of(system, model, generations, limits, () -> monitor.contextTokens(positions))
                .and(TokenRoutes.of(texts.counting(), system.dispatchers().lookup(DispatcherSelector.blocking())))
                .and(HealthRoutes.of(monitor, gate, version))
                .and(WebRoutes.of(model.name(), monitor::status, monitor::notices));
    }

    private static HttpDoor bind(
            ActorSystem<?> system, GatewaySettings settings, MemoryBudget memory, Routes routes, DrainGate gate) {
        GatewaySettings.Http wanted = settings.http();
        var front = new HttpFront(
                system,
                routes,
                new ApiKeys(settings.apiKeys()),
                new Cors(wanted.corsOrigins()),
                gate,
                memory,
                wanted.maxBodyBytes(),
                wanted.bodyTimeout());
        List<SSLContext> tls =
                wanted.tls().enabled() ? List.of(ServerKey.open(wanted.tls()).context()) : List.of();
        try {
            return HttpDoor.open(
                            system,
                            wanted.host(),
                            wanted.port(),
                            tls,
                            serverSettings(system, settings),
                            settings.deadline().plus(STALLED_MARGIN),
                            wanted.connections(),
                            front)
                    .toCompletableFuture()
                    .orTimeout(BIND_TIMEOUT.toSeconds(), TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            throw new GatewayStartException(
                    "cannot serve HTTP on " + wanted.host() + ":" + wanted.port() + " ("
                            + rootMessage(e) + "): if the port is in use, choose another with --port or"
                            + " caravan.gateway.http.port",
                    e);
        }
    }

    /** Deadlines are the requests' own. The front bounds bodies, and says so. */
    private static ServerSettings serverSettings(ActorSystem<?> system, GatewaySettings settings) {
        Config config = ConfigFactory.parseMap(Map.of(
                        "pekko.http.server.parsing.error-handler",
                        ParsingErrors.class.getName(),
                        "pekko.http.server.linger-timeout",
                        LINGER))
                .withFallback(system.settings().config());
        ServerSettings base = ServerSettings.create(config);
        return base.withParserSettings(base.getParserSettings().withMaxContentLength(Long.MAX_VALUE))
                .withServerHeader(Optional.of(Server.create(ProductVersion.create("caravan", version(system)))))
                .withTimeouts(base.getTimeouts().withRequestTimeout(scala.concurrent.duration.Duration.Inf()));
    }

    private static List<GrpcGateway> startGrpc(
            ActorSystem<?> system,
            GatewaySettings settings,
            Texts texts,
            Generations generations,
            PipelineMonitor monitor,
            DrainGate gate)
            throws IOException {
        if (!settings.grpc().enabled()) {
            return List.of();
        }
        return List.of(GrpcGateway.start(
                system,
                settings.http().host(),
                settings.grpc().port(),
                settings.http().tls().enabled()
                        ? ServerKey.open(settings.http().tls()).grpcCredentials()
                        : InsecureServerCredentials.create(),
                new GrpcLimits(
                        (int) Math.min(Integer.MAX_VALUE, settings.http().maxBodyBytes()),
                        settings.http().bodyTimeout(),
                        settings.grpc().connections(),
                        settings.grpc().maxCallsPerConnection(),
                        texts.memory()),
                new ApiKeys(settings.apiKeys()),
                texts.model(),
                texts.counting(),
                generations,
                settings.deadline(),
                monitor::status,
                gate::closed));
    }

    /** Where HTTP is served. */
    public InetSocketAddress httpAddress() {
        return http.address();
    }

    /** Where gRPC is served; empty where it is not. */
    public Optional<InetSocketAddress> grpcAddress() {
        return grpc.stream()
                .findFirst()
                .map(each -> new InetSocketAddress(http.address().getAddress(), each.port()));
    }

    /**
     * Tells probes and new requests to go elsewhere, and completes when the streams that run have finished, or the drain
     * timeout is over. The addresses stay bound until {@link #close()}.
     */
    public CompletionStage<Done> drain() {
        gate.close();
        var finished = new CompletableFuture<Done>();
        Cancellable check = system.scheduler()
                .scheduleWithFixedDelay(
                        Duration.ZERO,
                        DRAIN_CHECK,
                        () -> {
                            if (generations.running() == 0) {
                                finished.complete(Done.getInstance());
                            }
                        },
                        system.executionContext());
        return finished.completeOnTimeout(
                        Done.getInstance(), settings.drainTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((done, failure) -> check.cancel());
    }

    /** Ends every stream with an error that says {@code why}, and unbinds. */
    public void abandon(String why) {
        gate.close();
        generations.abandon(why);
        close();
    }

    /** Unbinds; what still runs is cut off. */
    @Override
    public void close() {
        gate.close();
        grpc.forEach(GrpcGateway::close);
        http.close(CLOSE_TIMEOUT)
                .toCompletableFuture()
                .completeOnTimeout(null, 2 * CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private static String version(ActorSystem<?> system) {
        return system.settings().config().getString("caravan.version");
    }

    private static String rootMessage(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage();
    }
}
