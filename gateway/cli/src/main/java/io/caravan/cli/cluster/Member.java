package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import io.caravan.cli.CliException;
import io.caravan.cli.address.HostAndPort;
import io.caravan.cli.address.JoinWatch;
import java.net.BindException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
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

    private Member(ActorSystem<Void> system, ClusterSettings settings) {
        this.system = system;
        this.settings = settings;
    }

    /**
     * Starts the actor system with {@code roles} and begins to join.
     *
     * @param config the whole configuration of the process, with what {@link MemberAddress} decided
     * @throws CliException where the port is taken or an address makes no sense
     */
    public static Member start(Config config, Set<String> roles) {
        var settings = ClusterSettings.from(config);
        var own = ConfigFactory.empty()
                .withValue("pekko.cluster.roles", ConfigValueFactory.fromIterable(roles))
                .withValue("pekko.remote.artery.canonical.hostname", ConfigValueFactory.fromAnyRef(settings.host()))
                .withValue("pekko.remote.artery.canonical.port", ConfigValueFactory.fromAnyRef(settings.port()))
                .withValue("pekko.management.http.hostname", ConfigValueFactory.fromAnyRef(settings.host()))
                .withValue("pekko.management.http.port", ConfigValueFactory.fromAnyRef(settings.managementPort()))
                .withFallback(settings.tls().pekko());
        var member = new Member(create(own.withFallback(config), settings), settings);
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

    /** Waits until this process has left the cluster, for whatever reason. */
    public void awaitEnd() {
        system.getWhenTerminated().toCompletableFuture().join();
    }

    private Address address() {
        return Cluster.get(system).selfMember().address();
    }

    private void join() {
        switch (settings.bootstrap()) {
            case SEED -> {
                if (settings.seeds().isEmpty()) {
                    Cluster.get(system).manager().tell(Join.create(address()));
                } else {
                    Cluster.get(system).manager().tell(new JoinSeedNodes(seedAddresses()));
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

    private boolean joinedOrEnded() {
        return !Cluster.get(system).selfMember().status().equals(MemberStatus.removed())
                || system.whenTerminated().isCompleted();
    }

    private List<Address> seedAddresses() {
        return settings.seeds().stream()
                .map(seed -> AddressFromURIString.parse("pekko://" + SYSTEM + "@" + seed))
                .toList();
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
