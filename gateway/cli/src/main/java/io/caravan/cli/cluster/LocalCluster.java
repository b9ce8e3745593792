package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import io.caravan.cli.CliException;
import io.caravan.cli.Progress;
import io.caravan.cli.membership.Acquaintances;
import io.caravan.cli.membership.MembershipSettings;
import io.caravan.cli.process.JavaProcess;
import io.caravan.cli.process.RestartPolicy;
import io.caravan.cli.process.Supervisor;
import io.caravan.cli.process.Trouble;
import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.model.ModelSpec;
import io.caravan.scheduler.actor.PipelineSettings;
import io.caravan.worker.WorkerNode;
import io.caravan.worker.WorkerProbe;
import io.caravan.worker.WorkerSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole cluster on this machine: this process schedules, and either hosts the stages itself or has child processes do
 * so. It is the same cluster as one of many machines, with sharding, placement and Aeron; all its processes share one
 * media driver.
 */
public final class LocalCluster implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalCluster.class);
    private static final Duration STATUS_INTERVAL = Duration.ofMillis(20);

    /** Once is an accident. */
    private static final int KEEPS_ENDING = 2;

    /** Its workers are killed before it ends: none is left to acknowledge what it last sent. */
    private static final String LAST_WORDS = "50 ms";

    private static final String MEMORY = "caravan.worker.memory";

    private final PipelineHost host;
    private final LocalSettings settings;
    private final List<Supervisor> children;

    private LocalCluster(PipelineHost host, LocalSettings settings, List<Supervisor> children) {
        this.host = host;
        this.settings = settings;
        this.children = children;
    }

    /**
     * Starts everything; the pipeline serves after {@link #awaitServing}.
     *
     * @param config the whole configuration
     * @param workerArguments more arguments of the worker processes, as {@code --config FILE}
     * @param logs folder of the worker processes' output
     */
    public static LocalCluster start(
            Config config, Path modelDirectory, LocalSettings settings, List<String> workerArguments, Path logs) {
        var nobody =
                new Acquaintances(List.of(), MembershipSettings.from(config).knownGateways());
        return start(config, modelDirectory, settings, workerArguments, logs, nobody);
    }

    /** The same, as an incarnation after others. */
    static LocalCluster start(
            Config config,
            Path modelDirectory,
            LocalSettings settings,
            List<String> workerArguments,
            Path logs,
            Acquaintances acquaintances) {
        boolean inProcess = settings.workers() == 0;
        var local = ConfigFactory.parseMap(Map.of(
                        "caravan.pipeline.min-workers", Math.max(1, settings.workers()),
                        "caravan.worker.threads", settings.threads(),
                        "pekko.remote.artery.advanced.shutdown-flush-timeout", LAST_WORDS))
                .withFallback(MemberAddress.decide(config));
        var roles = inProcess ? Set.of(SchedulerProtocol.WORKER_ROLE) : Set.<String>of();
        // As each process reads them: what is wrong is told once, before they start.
        var worker = WorkerSettings.from(local);
        boolean nativeKernels = nativeKernels(worker, inProcess);
        var probe =
                inProcess ? Optional.of(WorkerProbe.begin(worker)) : Optional.<CompletableFuture<WorkerProbe>>empty();
        var host = PipelineHost.start(
                local, modelDirectory, roles, acquaintances, spec -> requireRoom(local, spec, settings.workers()));
        try {
            var sized = withMemory(local, host.model().spec(), settings.workers());
            if (probe.isPresent()) {
                WorkerNode.start(
                        host.member().system(),
                        WorkerSettings.from(sized),
                        host.links(),
                        host.client().scheduler(),
                        probe.get());
                return new LocalCluster(host, settings, List.of());
            }
            var starter = new WorkerStarter(
                    sized.getConfig("caravan.worker"),
                    host.member().hostAndPort(),
                    host.links().driverDirectory(),
                    workerArguments,
                    nativeKernels,
                    logs);
            var policy = settings.restart()
                    ? new RestartPolicy(
                            true, settings.restartFirstDelay(), settings.restartLastDelay(), settings.restartReset())
                    : RestartPolicy.NEVER;
            var children = Supervisor.start(settings.workers(), starter, policy, pid -> tellGone(host.client(), pid));
            return new LocalCluster(host, settings, List.of(children));
        } catch (RuntimeException e) {
            host.endCluster();
            throw e;
        }
    }

    /**
     * Whether worker processes are to be started for native kernels alone, which then run for sure. Kernels that somebody asks for
     * by name run here or nowhere. Vectors take a JVM that was started for them.
     */
    private static boolean nativeKernels(WorkerSettings worker, boolean inProcess) {
        return switch (worker.kernels()) {
            case NATIVE -> {
                try {
                    HostDevice.open(KernelChoice.NATIVE, 1).close();
                } catch (IllegalStateException missing) {
                    throw new CliException("--kernels native does not run here: " + missing.getMessage(), missing);
                }
                yield true;
            }
            case AUTO -> !inProcess && (JavaProcess.nativeKernelsWereSeen() || nativeKernelsRun());
            case VECTOR, SCALAR -> false;
        };
    }

    private static boolean nativeKernelsRun() {
        try {
            HostDevice.open(KernelChoice.NATIVE, 1).close();
            return true;
        } catch (IllegalStateException missing) {
            return false; // the workers say why
        }
    }

    private static void requireRoom(Config config, ModelSpec spec, int workers) {
        var worker = WorkerSettings.from(withMemory(config, spec, workers));
        boolean mayBeNative = worker.kernels() == KernelChoice.NATIVE || worker.kernels() == KernelChoice.AUTO;
        String kernels = mayBeNative ? WorkerInfo.NATIVE : "";
        PipelineSettings.from(config).requireRoom(spec, Math.max(1, workers), worker.memoryBytes(), kernels);
    }

    private static Config withMemory(Config config, ModelSpec spec, int workers) {
        if (!config.getString(MEMORY).equals("auto")) {
            return config;
        }
        long modelBytes = PipelineSettings.from(config).wholeModelBytes(spec);
        return config.withValue(MEMORY, ConfigValueFactory.fromAnyRef(WorkerMemory.bytes(modelBytes, workers)));
    }

    /** Saves the failure detector's time: the operating system knows already that the process is gone. */
    private static void tellGone(SequenceClient client, long pid) {
        client.tryStatus().stream()
                .flatMap(status -> status.workers().stream())
                .filter(worker -> worker.pid() == pid)
                .map(WorkerInfo::address)
                .forEach(address -> {
                    LOG.warn("Worker process {} ended: {} is lost", pid, address);
                    client.scheduler().tell(new SchedulerProtocol.WorkerGone(address));
                });
    }

    public PipelineHost host() {
        return host;
    }

    public SequenceClient client() {
        return host.client();
    }

    /** Process ids of the worker processes that run now. */
    public List<Long> workerPids() {
        return children.stream().flatMap(each -> each.pids().stream()).toList();
    }

    /** A line for each worker process that keeps ending. */
    public List<String> notices() {
        return troubles(KEEPS_ENDING);
    }

    private List<String> troubles(int deaths) {
        return children.stream()
                .flatMap(each -> each.troubles(deaths).stream())
                .map(Trouble::text)
                .toList();
    }

    /**
     * Waits until every stage is covered and tokens come out.
     *
     * @throws CliException when that takes longer than configured; says what is missing
     */
    public PipelineStatus awaitServing(Progress progress) {
        long deadlineNs = System.nanoTime() + settings.startTimeout().toNanos();
        String last = "the scheduler does not answer";
        while (System.nanoTime() < deadlineNs) {
            for (PipelineStatus status : client().tryStatus()) {
                if (status.serving()) {
                    progress.clear();
                    return status;
                }
                last = Stream.concat(Stream.of(status.message()), notices().stream())
                        .collect(Collectors.joining("; "));
                progress.update("  " + last);
            }
            if (settings.workers() > 0 && workerPids().isEmpty() && !settings.restart()) {
                throw new CliException("all worker processes ended: " + String.join("; ", troubles(1)));
            }
            pause();
        }
        progress.clear();
        throw new CliException(
                "the pipeline does not serve after " + settings.startTimeout().toSeconds() + " s: " + last);
    }

    private static void pause() {
        try {
            Thread.sleep(STATUS_INTERVAL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted while the pipeline started", e);
        }
    }

    /** Ends the worker processes and the cluster with them, at once, and gives everything back. */
    @Override
    public void close() {
        children.forEach(Supervisor::close);
        host.endCluster();
    }
}
