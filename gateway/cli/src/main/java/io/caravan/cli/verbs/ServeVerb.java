package io.caravan.cli.verbs;

import io.caravan.cli.cluster.FreePorts;
import io.caravan.cli.cluster.GatewayLife;
import io.caravan.cli.cluster.Incarnations;
import io.caravan.cli.cluster.MemberAddress;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.home.Logs;
import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** A gateway for workers on other machines. */
@Command(
        name = "serve",
        description = "Serve a model with workers that join: a gateway, which hosts the scheduler too.")
public final class ServeVerb extends Verb {
    /** The same after each start, so that workers find it again. */
    private static final int USUAL_CLUSTER_PORT = 25520;

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
        pipeline.check(config);
        var directory = ModelArgument.directory(config);
        var log = logToFile();
        Logs.toStandardError(config.getString("caravan.log.stderr"));
        FreePorts.check(config);
        try (var shutdown = new Shutdown()) {
            var states = new RunningStates(home().run());
            var reachable = MemberAddress.decide(config);
            var incarnations = shutdown.add(new Incarnations("The gateway", reachable, (own, acquaintances) -> {
                var life = GatewayLife.begin("serve", own, directory, acquaintances, states);
                life.agreed().thenRun(() -> say(life.state(), log));
                return life;
            }));
            incarnations.run();
        }
        return OK;
    }

    private static void say(RunningState state, Path log) {
        announce("Serving %s at %s (gRPC %s).", state.model(), state.httpUrl(), state.grpcAddress());
        announce("%s", JoinLines.of(state.clusterAddress(), log).stripTrailing());
    }
}
