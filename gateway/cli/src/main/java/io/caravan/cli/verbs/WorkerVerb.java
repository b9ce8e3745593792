package io.caravan.cli.verbs;

import io.caravan.cli.CliException;
import io.caravan.cli.address.HostAndPort;
import io.caravan.cli.cluster.ClusterSettings;
import io.caravan.cli.cluster.Incarnations;
import io.caravan.cli.cluster.MemberAddress;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.cluster.WorkerLife;
import io.caravan.cli.config.Setting;
import io.caravan.cli.home.Logs;
import io.caravan.cli.process.Parent;
import io.caravan.worker.WorkerProbe;
import io.caravan.worker.WorkerSettings;
import io.caravan.worker.transport.aeron.AeronLinks;
import io.caravan.worker.transport.aeron.AeronSettings;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A process that hosts stages. */
@Command(name = "worker", description = "Run a layer worker: a process that hosts stages of a model.")
public final class WorkerVerb extends Verb {
    @Mixin
    private NodeFlags node;

    @Mixin
    private ComputeFlags compute;

    @Setting(key = "caravan.worker.threads", env = "CARAVAN_THREADS")
    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Compute threads; 0: as many as there are processors. [CARAVAN_THREADS]")
    private Integer threads;

    @Setting(key = "caravan.worker.name", env = "CARAVAN_WORKER_NAME")
    @Option(names = "--name", paramLabel = "NAME", description = "What people call it. [CARAVAN_WORKER_NAME]")
    private String name;

    @Setting(key = "caravan.worker.models", env = "CARAVAN_MODELS")
    @Option(
            names = "--models",
            paramLabel = "DIR",
            description = "Where to look for a model that is not at the gateway's path. [CARAVAN_MODELS]")
    private String models;

    @Setting(key = "caravan.transport.driver-directory", env = "CARAVAN_DRIVER_DIRECTORY")
    @Option(
            names = "--driver-directory",
            paramLabel = "DIR",
            description = "Aeron media driver of this machine to share. [CARAVAN_DRIVER_DIRECTORY]")
    private String driverDirectory;

    @Setting(key = "caravan.parent-pid", env = "CARAVAN_PARENT_PID")
    @Option(
            names = "--parent-pid",
            paramLabel = "PID",
            description = "End when this process has ended. [CARAVAN_PARENT_PID]")
    private Long parentPid;

    @Override
    public Integer call() {
        var config = settings(Map.of());
        var cluster = ClusterSettings.from(config);
        if (cluster.bootstrap() == ClusterSettings.Bootstrap.SEED
                && cluster.seeds().isEmpty()) {
            throw new CliException("a worker needs a member to join: --join HOST:PORT, as 'caravan ps' shows it");
        }
        cluster.seeds().forEach(HostAndPort::parse);
        var settings = WorkerSettings.from(config);
        var log = logToFile(settings.name());
        Logs.toStandardError(config.getString("caravan.log.stderr"));
        Parent.endWith(config.getLong("caravan.parent-pid"));
        System.err.println("Worker " + settings.name() + " starts; its log is " + log);
        try (var shutdown = new Shutdown()) {
            var probe = WorkerProbe.begin(settings);
            var reachable = MemberAddress.decide(config);
            var links = shutdown.add(AeronLinks.open(AeronSettings.from(reachable)));
            String who = "Worker " + settings.name();
            var incarnations = shutdown.add(new Incarnations(who, reachable, (own, acquaintances) -> {
                var life = WorkerLife.begin(own, settings, acquaintances, links, probe);
                System.err.println(who + " is at " + life.hostAndPort());
                return life;
            }));
            incarnations.run();
        }
        return OK;
    }
}
