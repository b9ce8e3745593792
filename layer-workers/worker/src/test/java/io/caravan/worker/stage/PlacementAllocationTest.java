package io.caravan.worker.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.caravan.proto.actor.StageId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
    private static final String STAGE_0 = new StageId("test", 0).entityId();
    private static final String STAGE_1 = new StageId("test", 1).entityId();
    private static ActorTestKit kit;

    private final Map<String, String> located = new HashMap<>();
    private final PlacementAllocation allocation = new PlacementAllocation(SELF, this::locate);
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
    void shouldPutAStageOnTheWorkerThatPlacementChose() throws Exception {
        located.put(STAGE_0, OTHER);
        located.put(STAGE_1, SELF);

        assertThat(allocate(STAGE_0)).isEqualTo(other);
        assertThat(allocate(STAGE_1)).isEqualTo(own);
    }

    @Test
    void shouldPutAStageNowhereWhileNoWorkerIsChosen() {
        located.put(STAGE_0, "");

        assertThatThrownBy(() -> allocate(STAGE_0)).hasMessageContaining("no worker is chosen");
    }

    @Test
    void shouldPutAStageNowhereWhileItsWorkerIsNotThere() {
        located.put(STAGE_0, "pekko://caravan@127.0.0.1:3");

        assertThatThrownBy(() -> allocate(STAGE_0)).hasMessageContaining("is not there");
    }

    @Test
    void shouldPutAStageNowhereWhilePlacementDoesNotAnswer() {
        assertThatThrownBy(() -> allocate(STAGE_0)).hasMessageContaining("no answer");
        assertThatThrownBy(() -> allocate("nonsense")).hasMessageContaining("not a stage's entity id");
    }

    @Test
    void shouldMoveOnlyStagesThatBelongToAnotherWorkerThatIsThere() throws Exception {
        located.put(STAGE_0, OTHER);
        located.put(STAGE_1, SELF);
        assertThat(rebalance(Map.of(own, shards(STAGE_0, STAGE_1), other, shards()), Set.of()))
                .containsExactly(STAGE_0);
        assertThat(rebalance(Map.of(own, shards(STAGE_0, STAGE_1), other, shards()), Set.of(STAGE_0)))
                .isEmpty();
        assertThat(rebalance(Map.of(own, shards(STAGE_0)), Set.of())).isEmpty();
    }

    @Test
    void shouldLeaveStagesWhereTheyAreWhilePlacementDoesNotAnswer() throws Exception {
        located.put(STAGE_1, "");
        assertThat(rebalance(Map.of(own, shards(STAGE_0, STAGE_1, "nonsense"), other, shards()), Set.of()))
                .isEmpty();
    }

    private CompletionStage<String> locate(StageId stage) {
        String worker = located.get(stage.entityId());
        return worker == null
                ? CompletableFuture.failedStage(new IllegalStateException("no answer"))
                : CompletableFuture.completedStage(worker);
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
