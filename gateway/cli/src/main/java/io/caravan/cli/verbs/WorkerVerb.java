package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import io.caravan.cli.address.HostAndPort;
import io.caravan.cli.cluster.ClusterSettings;
import io.caravan.cli.cluster.Member;
import io.caravan.cli.cluster.MemberAddress;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.config.Setting;
import io.caravan.cli.home.Logs;
import io.caravan.cli.process.Parent;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.worker.WorkerNode;
import io.caravan.worker.WorkerProbe;
import io.caravan.worker.WorkerSettings;
import io.caravan.worker.transport.aeron.AeronLinks;
import io.caravan.worker.transport.aeron.AeronSettings;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A process that hosts stages. */
@Command(name = "worker", description = "Run a layer worker: a process that hosts stages of a model.")
public final class WorkerVerb extends Verb {
    private static final int ENDED_BY_ITSELF = 1;

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
        return run(config, settings);
    }

    private static int run(Config config, WorkerSettings settings) {
        try (var shutdown = new Shutdown()) {
            var probe = WorkerProbe.begin(settings);
            var reachable = MemberAddress.decide(config);
            var links = shutdown.add(AeronLinks.open(AeronSettings.from(reachable)));
            var member = shutdown.add(Member.start(reachable, Set.of(SchedulerProtocol.WORKER_ROLE)));
            var node = WorkerNode.start(member.system(), settings, links, probe);
            System.err.println("Worker " + settings.name() + " is at " + member.hostAndPort());
            node.refused().thenAccept(reason -> {
                System.err.println("Worker " + settings.name() + " was refused: " + reason);
                member.system().terminate();
            });
            member.awaitEnd();
        }
        return ENDED_BY_ITSELF;
    }
}
