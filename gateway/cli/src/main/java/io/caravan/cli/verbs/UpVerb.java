package io.caravan.cli.verbs;

import io.caravan.cli.Progress;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.config.Setting;
import io.caravan.cli.home.Logs;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A whole cluster on this machine, until it is told to stop. */
@Command(name = "up", description = "Bring up a local cluster: a gateway and layer-worker processes.")
public final class UpVerb extends Verb {
    private static final int LEFT_THE_CLUSTER = 1;

    @Mixin
    private ModelArgument model;

    @Mixin
    private HttpFlags http;

    @Mixin
    private LocalFlags local;

    @Mixin
    private PipelineFlags pipeline;

    @Mixin
    private ComputeFlags compute;

    @Setting(key = "caravan.local.restart", env = "CARAVAN_RESTART")
    @Option(
            names = "--restart",
            negatable = true,
            fallbackValue = "true",
            description = "Start a worker again that ended by itself (the default). [CARAVAN_RESTART]")
    private Boolean restart;

    @Override
    public Integer call() {
        var config = settings(Map.of());
        pipeline.check(config);
        var log = logToFile();
        Logs.toStandardError(config.getString("caravan.log.stderr"));
        try (var shutdown = new Shutdown()) {
            var progress = Progress.onStandardError();
            var served = LocalServing.start(name(), config, home(), workerArguments(), shutdown, progress);
            var state = served.state();
            announce("Serving %s at %s (gRPC %s).", state.model(), state.httpUrl(), state.grpcAddress());
            announce("Talk to it: ./caravan chat. Ctrl-C or ./caravan stop ends it.  (log: %s)", log);
            var fate = served.cluster().host().member().awaitEnd();
            if (!Shutdown.ending()) {
                System.err.println("The gateway is no member of its cluster any more: " + fate.why());
            }
        }
        return LEFT_THE_CLUSTER;
    }
}
