package io.caravan.worker.stage;

import io.caravan.proto.actor.StageId;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.cluster.sharding.ShardCoordinator;
import scala.collection.immutable.IndexedSeq;
import scala.concurrent.Future;
import scala.jdk.javaapi.CollectionConverters;
import scala.jdk.javaapi.FutureConverters;

/**
 * Puts each stage's shard on the worker that placement chose, and takes it from any other.
 *
 * <p>While placement has chosen none, or one that has not joined yet, the allocation fails: the shard's home stays unknown,
 * messages to the stage wait in the regions' bounded buffers, and each region asks again every {@code
 * pekko.cluster.sharding.retry-interval}. A guess instead would start the stage where it must not load.
 */
public final class PlacementAllocation extends ShardCoordinator.AbstractShardAllocationStrategy {
    private final String selfAddress;
    private final Function<StageId, CompletionStage<String>> locate;

    /**
     * @param selfAddress of this process, whose own region has a path without an address
     * @param locate the address of the worker that a stage belongs on, empty while none is chosen
     */
    public PlacementAllocation(String selfAddress, Function<StageId, CompletionStage<String>> locate) {
        this.selfAddress = selfAddress;
        this.locate = locate;
    }

    @Override
    public Future<ActorRef> allocateShard(
            ActorRef requester, String shardId, Map<ActorRef, IndexedSeq<String>> allocations) {
        // completed by hand: a dependent stage would wrap the failure, and the coordinator logs what it gets
        var home = new CompletableFuture<ActorRef>();
        located(shardId).whenComplete((worker, failure) -> {
            if (failure == null) {
                region(worker, allocations)
                        .ifPresentOrElse(home::complete, () -> home.completeExceptionally(absent(shardId, worker)));
            } else {
                home.completeExceptionally(failure);
            }
        });
        return FutureConverters.asScala(home);
    }

    private static NotPlacedException absent(String shardId, String worker) {
        return new NotPlacedException(
                worker.isEmpty()
                        ? "no worker is chosen for " + shardId
                        : "the worker for " + shardId + ", " + worker + ", is not there");
    }

    @Override
    public Future<Set<String>> rebalance(
            Map<ActorRef, IndexedSeq<String>> allocations, Set<String> rebalanceInProgress) {
        CompletionStage<Set<String>> misplaced = CompletableFuture.completedStage(new HashSet<>());
        for (var entry : allocations.entrySet()) {
            for (String shardId : CollectionConverters.asJava(entry.getValue())) {
                if (!rebalanceInProgress.contains(shardId)) {
                    misplaced = misplaced.thenCombine(
                            belongsElsewhere(shardId, entry.getKey(), allocations), (shards, elsewhere) -> {
                                if (elsewhere) {
                                    shards.add(shardId);
                                }
                                return shards;
                            });
                }
            }
        }
        return FutureConverters.asScala(misplaced);
    }

    /** A shard stays where it is while nobody can say where it belongs, or while nobody is there. */
    private CompletionStage<Boolean> belongsElsewhere(
            String shardId, ActorRef present, Map<ActorRef, IndexedSeq<String>> allocations) {
        return located(shardId)
                .thenApply(worker -> region(worker, allocations)
                        .filter(region -> !region.equals(present))
                        .isPresent())
                .exceptionally(unknown -> false);
    }

    private CompletionStage<String> located(String shardId) {
        try {
            return locate.apply(StageId.parse(shardId));
        } catch (IllegalArgumentException notAStage) {
            return CompletableFuture.failedStage(notAStage);
        }
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
