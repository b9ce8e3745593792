package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import io.caravan.cli.CliException;
import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import io.caravan.gateway.server.GatewayServer;
import io.caravan.gateway.server.GatewaySettings;
import io.caravan.gateway.tokenizer.ServedModel;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.LoggerFactory;

/** The gateway of this process, and the state file by which other processes of the same user find it. */
public final class GatewayFront implements AutoCloseable {
    private final GatewayServer server;
    private final RunningState state;
    private final RunningStates states;

    private GatewayFront(GatewayServer server, RunningState state, RunningStates states) {
        this.server = server;
        this.state = state;
        this.states = states;
    }

    /**
     * Opens the gateway's ports in front of {@code host}'s pipeline.
     *
     * @param notices what this process knows beside the pipeline, a line each
     */
    public static GatewayFront start(
            String verb,
            Config config,
            Path modelDirectory,
            PipelineHost host,
            RunningStates states,
            Supplier<List<String>> notices) {
        var settings = GatewaySettings.of(config);
        var model = ServedModel.open(modelDirectory);
        var server = GatewayServer.start(
                host.member().system(), settings, model, host.client().scheduler(), notices);
        String scheme = settings.http().tls().enabled() ? "https" : "http";
        var state = RunningState.ofThisProcess(
                verb,
                settings.modelName().isEmpty() ? model.name() : settings.modelName(),
                modelDirectory.toString(),
                scheme + "://" + reachable(server.httpAddress()),
                server.grpcAddress().map(GatewayFront::reachable).orElse(""),
                host.member().hostAndPort());
        states.write(state);
        return new GatewayFront(server, state, states);
    }

    /** Where it is reached and what it serves. */
    public RunningState state() {
        return state;
    }

    /** An address that this machine can connect to: that of the loopback where all addresses are listened on. */
    private static String reachable(InetSocketAddress bound) {
        var address = bound.getAddress();
        String host = address == null || address.isAnyLocalAddress() ? "127.0.0.1" : address.getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + bound.getPort();
    }

    /** The same configuration, with the ports that are served here. */
    Config keepPorts(Config config) {
        var http = config.withValue(
                "caravan.gateway.http.port",
                ConfigValueFactory.fromAnyRef(server.httpAddress().getPort()));
        return server.grpcAddress()
                .map(grpc -> http.withValue("caravan.gateway.grpc.port", ConfigValueFactory.fromAnyRef(grpc.getPort())))
                .orElse(http);
    }

    /** Ends every stream with an error, and closes the ports: they are opened again before long. */
    void abandon() {
        states.remove(state);
        server.abandon("the gateway is no member of its cluster any more and joins it again: ask again in a moment");
    }

    /** Takes nothing new, lets streams finish, then closes the ports. */
    @Override
    public void close() {
        tellEnding();
        try {
            server.drain().toCompletableFuture().join();
            server.close();
        } finally {
            states.remove(state);
        }
    }

    /** Nobody is to begin anything here; and where that cannot be written, streams are to finish even so. */
    private void tellEnding() {
        try {
            states.write(state.whenEnding());
        } catch (CliException unwritable) {
            LoggerFactory.getLogger(GatewayFront.class).warn("{}", unwritable.getMessage());
        }
    }
}
