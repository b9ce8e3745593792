package io.caravan.proto.actor;

import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.cluster.sharding.ShardCoordinator;
import scala.collection.immutable.IndexedSeq;
import scala.concurrent.Future;
import scala.jdk.javaapi.CollectionConverters;
import scala.jdk.javaapi.FutureConverters;

/**
 * Puts each seat's shard on the worker that it names, which is how placement decides where stages start.
 *
 * <p>While that worker is on its way into the sharding, the allocation is left unanswered: messages to the stage wait in the
 * regions' bounded buffers, and each region asks again every {@code pekko.cluster.sharding.retry-interval}, which starts
 * another allocation. Where the worker is gone, whoever asks gets the shard, and hosts a stage that says so, or nothing;
 * else the messages to it would wait for ever.
 */
final class PlacementAllocation extends ShardCoordinator.AbstractShardAllocationStrategy {
    private final String selfAddress;
    private final Predicate<String> isMember;

    /**
     * @param selfAddress of this process, whose own region has a path without an address
     * @param isMember whether an address is that of a member of the cluster, on its way in or up
     */
    PlacementAllocation(String selfAddress, Predicate<String> isMember) {
        this.selfAddress = selfAddress;
        this.isMember = isMember;
    }

    @Override
    public Future<ActorRef> allocateShard(
            ActorRef requester, String shardId, Map<ActorRef, IndexedSeq<String>> allocations) {
        String worker = StageSeat.parse(shardId).worker();
        var home = new CompletableFuture<ActorRef>();
        region(worker, allocations).ifPresentOrElse(home::complete, () -> {
            if (!isMember.test(worker)) {
                home.complete(requester);
            }
        });
        return FutureConverters.asScala(home);
    }

    /** A worker that came back under its old address gets what belongs to it. */
    @Override
    public Future<Set<String>> rebalance(
            Map<ActorRef, IndexedSeq<String>> allocations, Set<String> rebalanceInProgress) {
        Set<String> misplaced = new HashSet<>();
        allocations.forEach((present, shards) -> CollectionConverters.asJava(shards).stream()
                .filter(shard -> !rebalanceInProgress.contains(shard))
                .filter(shard -> region(StageSeat.parse(shard).worker(), allocations)
                        .filter(region -> !region.equals(present))
                        .isPresent())
                .forEach(misplaced::add));
        return FutureConverters.asScala(CompletableFuture.completedStage(misplaced));
    }

    private Optional<ActorRef> region(String worker, Map<ActorRef, IndexedSeq<String>> allocations) {
        return allocations.keySet().stream()
                .filter(region -> address(region).equals(worker))
                .findAny();
    }

    private String address(ActorRef region) {
        var address = region.path().address();
        return address.hasLocalScope() ? selfAddress : address.toString();
    }
}
