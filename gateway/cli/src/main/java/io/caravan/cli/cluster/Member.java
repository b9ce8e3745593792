package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import io.caravan.cli.CliException;
import io.caravan.cli.address.HostAndPort;
import io.caravan.cli.address.JoinWatch;
import io.caravan.cli.membership.Acquaintances;
import io.caravan.cli.membership.Fate;
import io.caravan.cli.membership.Membership;
import io.caravan.cli.membership.MembershipSettings;
import io.caravan.proto.actor.AnswerSetting;
import io.caravan.proto.actor.SchedulerProtocol;
import java.net.BindException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.AddressFromURIString;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Down;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.apache.pekko.management.cluster.bootstrap.ClusterBootstrap;
import org.apache.pekko.management.javadsl.PekkoManagement;

/** This process as a member of a Caravan cluster: its actor system, joined. */
public final class Member implements AutoCloseable {
    /** Name of the actor system, part of every member's address. */
    public static final String SYSTEM = "caravan";

    private static final Duration MANAGEMENT_TIMEOUT = Duration.ofSeconds(20);

    private final ActorSystem<Void> system;
    private final ClusterSettings settings;
    private final Acquaintances acquaintances;
    private final Membership membership;
    private final Address address;

    private Member(
            ActorSystem<Void> system, ClusterSettings settings, Acquaintances acquaintances, Membership membership) {
        this.system = system;
        this.settings = settings;
        this.acquaintances = acquaintances;
        this.membership = membership;
        address = Cluster.get(system).selfMember().address();
    }

    /** Starts the first incarnation of a process that no answers depend on. */
    public static Member start(Config config, Set<String> roles) {
        int most = MembershipSettings.from(config).knownGateways();
        return start(config, roles, new Acquaintances(seeds(config), most), List.of());
    }

    /**
     * Starts the actor system with {@code roles} and begins to join.
     *
     * @param config the whole configuration of the process, with what {@link MemberAddress} decided
     * @param acquaintances what earlier incarnations of the process knew
     * @param answers settings of a gateway on which answers depend; empty for a worker
     * @throws CliException where the port is taken or an address makes no sense
     */
    public static Member start(
            Config config, Set<String> roles, Acquaintances acquaintances, List<AnswerSetting> answers) {
        var settings = ClusterSettings.from(config);
        var own = ConfigFactory.empty()
                .withValue("pekko.cluster.roles", ConfigValueFactory.fromIterable(roles))
                .withValue("pekko.remote.artery.canonical.hostname", ConfigValueFactory.fromAnyRef(settings.host()))
                .withValue("pekko.remote.artery.canonical.port", ConfigValueFactory.fromAnyRef(settings.port()))
                .withValue("pekko.management.http.hostname", ConfigValueFactory.fromAnyRef(settings.host()))
                .withValue("pekko.management.http.port", ConfigValueFactory.fromAnyRef(settings.managementPort()))
                .withFallback(settings.tls().pekko());
        var system = create(own.withFallback(config), settings);
        boolean bySeeds = settings.bootstrap() == ClusterSettings.Bootstrap.SEED;
        boolean mayFound = bySeeds
                && roles.contains(SchedulerProtocol.ROLE)
                && (settings.seeds().isEmpty() || acquaintances.wasMember());
        var membership =
                Membership.start(system, MembershipSettings.from(config), acquaintances, answers, mayFound, !bySeeds);
        var member = new Member(system, settings, acquaintances, membership);
        system.getWhenTerminated()
                .thenRun(() -> membership.end(new Fate.Lost("the other members have declared it dead")));
        try {
            member.join();
            return member;
        } catch (RuntimeException e) {
            member.close();
            throw e;
        }
    }

    public ActorSystem<Void> system() {
        return system;
    }

    /** {@code host:port} at which others join. */
    public String hostAndPort() {
        var address = address();
        return address.getHost().get() + ":" + address.getPort().get();
    }

    /** Waits until this process is no member any more, for whatever reason. */
    public Fate awaitEnd() {
        return membership.fate().toCompletableFuture().join();
    }

    /** It is of no use to the cluster: {@link #awaitEnd} says so. */
    public void refuse(String why) {
        membership.end(new Fate.Refused(why));
    }

    /** Completes once this process may take part in the pipeline. */
    public CompletionStage<Void> agreed() {
        return membership.agreed();
    }

    /** Whether it begins a cluster of its own, so that there is nobody to agree with. */
    public boolean founds() {
        return settings.bootstrap() == ClusterSettings.Bootstrap.SEED && toJoin().isEmpty();
    }

    /** The same configuration, with the cluster's port that this process has. */
    Config keepPort(Config config) {
        return config.withValue(
                "caravan.cluster.port",
                ConfigValueFactory.fromAnyRef(address().getPort().get()));
    }

    /** Addresses of the members that {@code config} names. */
    static List<String> seeds(Config config) {
        return ClusterSettings.from(config).seeds().stream()
                .map(seed -> "pekko://" + SYSTEM + "@" + seed)
                .toList();
    }

    private Address address() {
        return address;
    }

    private void join() {
        switch (settings.bootstrap()) {
            case SEED -> {
                if (founds()) {
                    Cluster.get(system).manager().tell(Join.create(address()));
                } else {
                    Cluster.get(system).manager().tell(new JoinSeedNodes(toJoin()));
                    watch().start(this::joinedOrEnded);
                }
            }
            case KUBERNETES -> {
                startManagement();
                ClusterBootstrap.get(system).start();
            }
        }
    }

    private void startManagement() {
        try {
            PekkoManagement.get(system)
                    .start()
                    .toCompletableFuture()
                    .orTimeout(MANAGEMENT_TIMEOUT.toSeconds(), TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            throw new CliException(
                    "cannot listen on " + settings.host() + ":" + settings.managementPort()
                            + " for probes and bootstrap (" + e.getCause().getMessage()
                            + "); caravan.cluster.management-port names another port",
                    e);
        }
    }

    private JoinWatch watch() {
        return new JoinWatch(
                settings.seeds().stream().map(HostAndPort::parse).toList(), hostAndPort(), settings.join());
    }

    /** At first the seeds as they are given, since this process may be one of them and found the cluster; later the others. */
    private List<Address> toJoin() {
        return acquaintances.toJoin().stream()
                .map(AddressFromURIString::parse)
                .filter(other -> !acquaintances.wasMember() || !other.equals(address()))
                .toList();
    }

    private boolean joinedOrEnded() {
        return !Cluster.get(system).selfMember().status().equals(MemberStatus.removed())
                || system.whenTerminated().isCompleted();
    }

    private static ActorSystem<Void> create(Config config, ClusterSettings settings) {
        try {
            return ActorSystem.create(Behaviors.empty(), SYSTEM, config);
        } catch (RuntimeException e) {
            throw portTaken(e, settings);
        }
    }

    private static RuntimeException portTaken(RuntimeException failure, ClusterSettings settings) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof BindException) {
                return new CliException(
                        "cannot listen on " + settings.host() + ":" + settings.port() + " for the cluster: "
                                + cause.getMessage() + "; --cluster-port 0 takes any free port",
                        failure);
            }
        }
        return failure;
    }

    /** Leaves the cluster, so that the other members need not find out, and ends the actor system. */
    @Override
    public void close() {
        CoordinatedShutdown.get(system).runAll(CoordinatedShutdown.actorSystemTerminateReason());
        awaitTermination();
    }

    /** Ends the actor system of a member that the others are rid of or soon will be; those that hear it are told so. */
    void abandon() {
        Cluster.get(system).manager().tell(new Down(address()));
        endCluster();
    }

    /** Ends the actor system at once, as a cluster does that ends as a whole: nobody is left to say goodbye to. */
    public void endCluster() {
        CoordinatedShutdown.get(system)
                .run(
                        CoordinatedShutdown.actorSystemTerminateReason(),
                        Optional.of(CoordinatedShutdown.PhaseBeforeActorSystemTerminate()));
        awaitTermination();
    }

    /** Within the configured time. */
    private void awaitTermination() {
        try {
            system.getWhenTerminated()
                    .toCompletableFuture()
                    .get(settings.leaveTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException late) {
            system.log().warn("Ending the actor system took too long; ending without", late);
        }
    }
}
