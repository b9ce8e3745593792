package io.caravan.proto.actor;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import scala.collection.immutable.IndexedSeq;
import scala.concurrent.Future;
import scala.jdk.javaapi.CollectionConverters;
import scala.jdk.javaapi.FutureConverters;

class PlacementAllocationTest {
    private static final String SELF = "pekko://caravan@127.0.0.1:1";
    private static final String OTHER = "pekko://caravan@127.0.0.1:2";
    private static final String LATE = "pekko://caravan@127.0.0.1:3";
    private static ActorTestKit kit;

    private final PlacementAllocation allocation = new PlacementAllocation(SELF, Set.of(SELF, OTHER, LATE)::contains);
    private final ActorRef own = Adapter.toClassic(kit.createTestProbe().ref());
    private final ActorRef other = resolve(OTHER + "/system/sharding/caravan-stage");

    @BeforeAll
    static void startSystem() {
        // references to actors of another process need remoting
        kit = ActorTestKit.create(ConfigFactory.parseString("pekko.actor.provider = cluster")
                .withFallback(ConfigFactory.parseResources("caravan-cluster.conf"))
                .withFallback(ConfigFactory.load())
                .resolve());
    }

    @AfterAll
    static void stopSystem() {
        kit.shutdownTestKit();
    }

    @Test
    void shouldPutAStageOnItsWorker() throws Exception {
        assertThat(allocate(seat(0, OTHER))).isEqualTo(other);
        assertThat(allocate(seat(1, SELF))).isEqualTo(own);
    }

    @Test
    void shouldWaitForAWorkerThatIsOnItsWay() {
        assertThat(allocation
                        .allocateShard(own, seat(0, LATE), Map.of(own, shards(), other, shards()))
                        .isCompleted())
                .isFalse();
    }

    @Test
    void shouldGiveAStageWhoseWorkerIsGoneToWhoeverAsks() throws Exception {
        assertThat(allocate(seat(0, "pekko://caravan@127.0.0.1:4"))).isEqualTo(own);
    }

    @Test
    void shouldMoveOnlyStagesThatBelongToAnotherWorkerThatIsThere() throws Exception {
        String elsewhere = seat(0, OTHER);
        String here = seat(1, SELF);
        assertThat(rebalance(Map.of(own, shards(elsewhere, here), other, shards()), Set.of()))
                .containsExactly(elsewhere);
        assertThat(rebalance(Map.of(own, shards(elsewhere, here), other, shards()), Set.of(elsewhere)))
                .isEmpty();
        assertThat(rebalance(Map.of(own, shards(elsewhere, seat(1, LATE))), Set.of()))
                .isEmpty();
    }

    private static String seat(int index, String worker) {
        return new StageSeat(new StageId("test", index), worker).entityId();
    }

    private ActorRef allocate(String shard) throws Exception {
        return result(allocation.allocateShard(own, shard, Map.of(own, shards(), other, shards())));
    }

    private Set<String> rebalance(Map<ActorRef, IndexedSeq<String>> allocations, Set<String> inProgress)
            throws Exception {
        return result(allocation.rebalance(allocations, inProgress));
    }

    private static IndexedSeq<String> shards(String... shards) {
        return CollectionConverters.asScala(List.of(shards)).toIndexedSeq();
    }

    private static <T> T result(Future<T> future) throws Exception {
        return FutureConverters.asJava(future).toCompletableFuture().get(5, TimeUnit.SECONDS);
    }

    private static ActorRef resolve(String path) {
        var system = (ExtendedActorSystem) Adapter.toClassic(kit.system());
        return system.provider().resolveActorRef(path);
    }
}
