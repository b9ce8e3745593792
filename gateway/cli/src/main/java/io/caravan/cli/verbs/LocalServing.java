package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.cli.Progress;
import io.caravan.cli.cluster.FreePorts;
import io.caravan.cli.cluster.GatewayFront;
import io.caravan.cli.cluster.LocalCluster;
import io.caravan.cli.cluster.LocalSettings;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.home.CaravanHome;
import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import io.caravan.gateway.server.GatewaySettings;
import io.caravan.scheduler.actor.PipelineSettings;
import io.caravan.worker.WorkerSettings;
import java.util.List;
import java.util.Map;

/** Brings up a local cluster with a gateway in front of it. */
final class LocalServing {
    /** Any free ports, for a cluster that only its own process talks to. */
    private static final Map<String, ?> PRIVATE =
            Map.of("caravan.gateway.http.port", 0, "caravan.gateway.grpc.enabled", false);

    private LocalServing() {}

    /**
     * Starts a cluster and its gateway and waits until it serves; {@code shutdown} ends them.
     *
     * @param workerArguments more arguments of the worker processes
     */
    static Served start(
            String verb,
            Config config,
            CaravanHome home,
            List<String> workerArguments,
            Shutdown shutdown,
            Progress progress) {
        var model = ModelArgument.directory(config);
        var local = LocalSettings.from(config, Runtime.getRuntime().availableProcessors());
        FreePorts.check(config);
        WorkerSettings.from(config);
        PipelineSettings.from(config);
        GatewaySettings.of(config);
        progress.say("Starting a gateway and %s for %s ...".formatted(workers(local.workers()), model.getFileName()));
        var cluster = shutdown.add(LocalCluster.start(config, model, local, workerArguments, home.logs()));
        var front = shutdown.add(GatewayFront.start(
                verb, config, model, cluster.host(), new RunningStates(home.run()), cluster::notices));
        cluster.awaitServing(progress);
        return new Served(cluster, front.state());
    }

    /** The same for the verb's own use. */
    static Served startPrivately(
            String verb,
            Config config,
            CaravanHome home,
            List<String> workerArguments,
            Shutdown shutdown,
            Progress progress) {
        var quiet = ConfigFactory.parseMap(PRIVATE).withFallback(config);
        return start(verb, quiet, home, workerArguments, shutdown, progress);
    }

    private static String workers(int count) {
        return switch (count) {
            case 0 -> "a worker in this process";
            case 1 -> "a worker process";
            default -> count + " worker processes";
        };
    }

    /** A cluster that serves. */
    record Served(LocalCluster cluster, RunningState state) {}
}
