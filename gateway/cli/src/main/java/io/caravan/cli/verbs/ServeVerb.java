package io.caravan.cli.verbs;

import io.caravan.cli.cluster.FreePorts;
import io.caravan.cli.cluster.GatewayFront;
import io.caravan.cli.cluster.PipelineHost;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.home.Logs;
import io.caravan.cli.home.RunningStates;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** A gateway for workers on other machines. */
@Command(
        name = "serve",
        description = "Serve a model with workers that join: a gateway, which hosts the scheduler too.")
public final class ServeVerb extends Verb {
    /** The same after each start, so that workers find it again. */
    private static final int USUAL_CLUSTER_PORT = 25520;

    private static final int LEFT_THE_CLUSTER = 1;

    @Mixin
    private ModelArgument model;

    @Mixin
    private HttpFlags http;

    @Mixin
    private NodeFlags node;

    @Mixin
    private PipelineFlags pipeline;

    @Override
    public Integer call() {
        var config = settings(Map.of("caravan.cluster.usual-port", USUAL_CLUSTER_PORT));
        var directory = ModelArgument.directory(config);
        var log = logToFile();
        Logs.toStandardError(config.getString("caravan.log.stderr"));
        FreePorts.check(config);
        try (var shutdown = new Shutdown()) {
            var host = shutdown.add(PipelineHost.start(config, directory, Set.of()));
            var states = new RunningStates(home().run());
            var state = shutdown.add(GatewayFront.start("serve", config, directory, host, states))
                    .state();
            System.out.printf("Serving %s at %s (gRPC %s).%n", state.model(), state.httpUrl(), state.grpcAddress());
            System.out.print(JoinLines.of(state.clusterAddress(), log));
            host.member().awaitEnd();
        }
        return LEFT_THE_CLUSTER;
    }
}
