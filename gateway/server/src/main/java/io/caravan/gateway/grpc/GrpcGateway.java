package io.caravan.gateway.grpc;

import io.caravan.gateway.connection.ConnectionLimits;
import io.caravan.gateway.connection.Connections;
import io.caravan.gateway.generation.Generations;
import io.caravan.gateway.http.ApiKeys;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.v1.CaravanGrpc;
import io.grpc.Codec;
import io.grpc.DecompressorRegistry;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorSystem;

/** The gRPC server: {@code caravan.v1.Caravan}, health and reflection. */
public final class GrpcGateway implements AutoCloseable {
    private static final Duration HEALTH_INTERVAL = Duration.ofSeconds(1);
    private static final Duration CLOSE_GRACE = Duration.ofSeconds(5);

    /** Bytes of a message that may come before it is asked for. */
    private static final int WINDOW_BYTES = 64 << 10;

    private final Server server;
    private final EventLoopGroup threads;
    private final HealthStatusManager health;
    private final Cancellable healthTicks;

    private GrpcGateway(Server server, EventLoopGroup threads, HealthStatusManager health, Cancellable healthTicks) {
        this.server = server;
        this.threads = threads;
        this.health = health;
        this.healthTicks = healthTicks;
    }

    /**
     * Binds and serves.
     *
     * @param port 0 takes any free one
     * @param credentials with TLS or without
     * @param keys one of which every call but those for health must carry
     * @param counting the model with a tokenizer for texts that become tokens and no more
     * @param deadline how long a generation may take
     * @param status how the pipeline is
     * @param draining whether new generations are refused
     * @throws IOException when the address cannot be bound; names it
     */
    public static GrpcGateway start(
            ActorSystem<?> system,
            String host,
            int port,
            ServerCredentials credentials,
            GrpcLimits limits,
            ApiKeys keys,
            ServedModel model,
            ServedModel counting,
            Generations generations,
            Duration deadline,
            Supplier<CompletionStage<PipelineStatus>> status,
            BooleanSupplier draining)
            throws IOException {
        var health = new HealthStatusManager();
        var peers = new Peers(connections(system, limits.connections()));
        var threads = new MultiThreadIoEventLoopGroup(
                Runtime.getRuntime().availableProcessors(),
                new DefaultThreadFactory("grpc", true),
                NioIoHandler.newFactory());
        var server = NettyServerBuilder.forAddress(new InetSocketAddress(host, port), credentials)
                .maxInboundMessageSize(limits.maxMessageBytes())
                .initialFlowControlWindow(WINDOW_BYTES)
                .maxConcurrentCallsPerConnection(limits.maxCalls())
                .maxConnectionIdle(limits.connections().idleTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .maxConnectionAgeGrace(CLOSE_GRACE.toMillis(), TimeUnit.MILLISECONDS)
                .channelFactory(peers::socket)
                .bossEventLoopGroup(threads)
                .workerEventLoopGroup(threads)
                .addTransportFilter(peers)
                .addStreamTracerFactory(Arrival.factory(limits.memory()))
                .decompressorRegistry(DecompressorRegistry.emptyInstance()
                        .with(Codec.Identity.NONE, false)
                        .with(new MeasuredGzip(limits.maxMessageBytes()), true))
                .intercept(new MessageGuard(limits))
                .intercept(new CallGuard(keys, draining)) // the last one is asked first
                .addService(new CaravanService(system, model, counting, generations, deadline, status))
                .addService(health.getHealthService())
                .addService(ProtoReflectionServiceV1.newInstance())
                .build();
        try {
            server.start();
        } catch (IOException e) {
            threads.shutdownGracefully();
            throw new IOException(
                    "cannot serve gRPC on " + host + ":" + port + " (" + e.getMessage()
                            + "): choose another port with --grpc-port",
                    e);
        }
        var ticks = system.scheduler()
                .scheduleWithFixedDelay(
                        Duration.ZERO,
                        HEALTH_INTERVAL,
                        () -> tellHealth(health, status, draining),
                        system.executionContext());
        return new GrpcGateway(server, threads, health, ticks);
    }

    /** gRPC says goodbye to those that are idle for too long, and gets a while for it. */
    private static Connections connections(ActorSystem<?> system, ConnectionLimits limits) {
        return new Connections(
                new ConnectionLimits(
                        limits.most(),
                        limits.reserved(),
                        limits.requestTimeout(),
                        limits.idleTimeout().plus(CLOSE_GRACE)),
                (after, what) -> system.scheduler().scheduleOnce(after, what, system.executionContext()));
    }

    private static void tellHealth(
            HealthStatusManager health, Supplier<CompletionStage<PipelineStatus>> status, BooleanSupplier draining) {
        status.get().whenComplete((known, failure) -> {
            boolean serving = failure == null && known.serving() && !draining.getAsBoolean();
            var told = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
            health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, told);
            health.setStatus(CaravanGrpc.SERVICE_NAME, told);
        });
    }

    /** The port that is bound. */
    public int port() {
        return server.getPort();
    }

    /** Ends all calls, those that run after a short while. */
    @Override
    public void close() {
        healthTicks.cancel();
        health.enterTerminalState();
        server.shutdown();
        try {
            if (!server.awaitTermination(1, TimeUnit.SECONDS)) {
                server.shutdownNow();
            }
        } catch (InterruptedException e) {
            server.shutdownNow();
            Thread.currentThread().interrupt();
        }
        threads.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
