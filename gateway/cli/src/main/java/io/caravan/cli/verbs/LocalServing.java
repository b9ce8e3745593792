package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.cli.Progress;
import io.caravan.cli.cluster.GatewayFront;
import io.caravan.cli.cluster.LocalCluster;
import io.caravan.cli.cluster.LocalSettings;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.home.CaravanHome;
import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Brings up a local cluster with a gateway in front of it. */
final class LocalServing {
    /** Any free ports and no gRPC: for a cluster that only its own process talks to. */
    static final Map<String, ?> PRIVATE = Map.of("caravan.gateway.http.port", 0, "caravan.gateway.grpc.port", 0);

    private LocalServing() {}

    /**
     * Starts a cluster and its gateway and waits until it serves; {@code shutdown} ends them.
     *
     * @param workerArguments more arguments of the worker processes
     */
    static Served start(
            String verb,
            Config config,
            Path model,
            CaravanHome home,
            List<String> workerArguments,
            Shutdown shutdown,
            Progress progress) {
        var local = LocalSettings.from(config, Runtime.getRuntime().availableProcessors());
        progress.say("Starting a gateway and %s for %s ..."
                .formatted(
                        local.workers() == 0
                                ? "a worker in this process"
                                : local.workers() + (local.workers() == 1 ? " worker process" : " worker processes"),
                        model.getFileName()));
        var cluster = shutdown.add(LocalCluster.start(config, model, local, workerArguments, home.logs()));
        var front =
                shutdown.add(GatewayFront.start(verb, config, model, cluster.host(), new RunningStates(home.run())));
        cluster.awaitServing(progress);
        return new Served(cluster, front.state());
    }

    /** The same on ports that nobody chose. */
    static Served startPrivately(
            String verb,
            Config config,
            Path model,
            CaravanHome home,
            List<String> workerArguments,
            Shutdown shutdown,
            Progress progress) {
        var quiet = ConfigFactory.parseMap(PRIVATE).withFallback(config);
        return start(verb, quiet, model, home, workerArguments, shutdown, progress);
    }

    /** A cluster that serves. */
    record Served(LocalCluster cluster, RunningState state) {}
}
