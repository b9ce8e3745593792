package io.caravan.scheduler.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.scheduler.placement.PlacementOutcome.Impossible;
import io.caravan.scheduler.placement.PlacementOutcome.Placed;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlacementTest {
    private static final long MIB = 1 << 20;
    private static final KvBudget KV = new KvBudget(TensorType.F16, 16, 256, 4096);

    /** Layers of 792,576 parameters, and a head of {@code vocabSize} x 256. */
    static ModelSpec spec(int layerCount, int vocabSize, boolean tied) {
        return new ModelSpec(
                "test",
                256,
                688,
                layerCount,
                4,
                4,
                64,
                vocabSize,
                2048,
                1e-5f,
                10_000,
                new RopeScaling.None(),
                tied,
                TokenIds.EMPTY,
                TensorType.BF16);
    }

    static WorkerInfo worker(String name, long memoryBytes, long bandwidth) {
        return new WorkerInfo("pekko://caravan@" + name, name, "1", 1, 2, memoryBytes, bandwidth, "vector/avx2");
    }

    private static Placed placed(PlacementOutcome outcome) {
        return assertThat(outcome).asInstanceOf(type(Placed.class)).actual();
    }

    private static List<LayerRange> ranges(Placed placed) {
        return placed.stages().stream().map(StagePlace::layers).toList();
    }

    @Test
    void shouldCutEvenlyForEqualWorkersAndASmallHead() {
        var placement = new Placement(spec(8, 64, false), KV, Bf16Storage.SIXTEEN_BITS);

        var placed = placed(placement.place(2, List.of(worker("a", 900 * MIB, 100), worker("b", 900 * MIB, 100))));

        assertThat(ranges(placed)).containsExactly(new LayerRange(0, 4), new LayerRange(4, 8));
        assertThat(placed.stages()).extracting(StagePlace::worker).doesNotHaveDuplicates();
    }

    @Test
    void shouldGiveFewerLayersToTheStageThatReadsTheHead() {
        var placement = new Placement(spec(8, 6400, false), KV, Bf16Storage.SIXTEEN_BITS);

        var placed = placed(placement.place(2, List.of(worker("a", 900 * MIB, 100), worker("b", 900 * MIB, 100))));

        assertThat(ranges(placed)).containsExactly(new LayerRange(0, 5), new LayerRange(5, 8));
    }

    @Test
    void shouldCountEqualWorkersOfOneHostAsEquallyFastWhateverTheyMeasured() {
        var placement = new Placement(spec(8, 64, false), KV, Bf16Storage.SIXTEEN_BITS);

        var placed = placed(placement.place(2, List.of(worker("a:1", 900 * MIB, 100), worker("a:2", 900 * MIB, 160))));
        var apart = placed(placement.place(2, List.of(worker("a:1", 900 * MIB, 100), worker("b:1", 900 * MIB, 160))));

        assertThat(ranges(placed)).containsExactly(new LayerRange(0, 4), new LayerRange(4, 8));
        assertThat(ranges(apart)).containsExactly(new LayerRange(0, 5), new LayerRange(5, 8));
    }

    @Test
    void shouldGiveMoreLayersToTheFasterWorker() {
        var placement = new Placement(spec(9, 64, false), KV, Bf16Storage.SIXTEEN_BITS);

        var placed =
                placed(placement.place(2, List.of(worker("slow", 900 * MIB, 100), worker("fast", 900 * MIB, 200))));

        var fast = placed.stages().stream()
                .filter(stage -> stage.worker().endsWith("fast"))
                .findFirst()
                .orElseThrow();
        assertThat(fast.layers().layerCount()).isEqualTo(6);
    }

    @Test
    void shouldRespectMemoryBeforeSpeed() {
        var placement = new Placement(spec(8, 64, false), KV, Bf16Storage.SIXTEEN_BITS);

        var placed = placed(placement.place(2, List.of(worker("fast", 5 * MIB, 900), worker("big", 900 * MIB, 100))));

        var fast = placed.stages().stream()
                .filter(stage -> stage.worker().endsWith("fast"))
                .findFirst()
                .orElseThrow();
        assertThat(placement.bytes(fast.layers(), placed.kvBlockCount())).isLessThanOrEqualTo(5 * MIB);
    }

    @Test
    void shouldNotDependOnTheOrderInWhichWorkersCame() {
        var placement = new Placement(spec(8, 6400, true), KV, Bf16Storage.SIXTEEN_BITS);
        var workers = List.of(worker("a", 90 * MIB, 100), worker("b", 80 * MIB, 150), worker("c", 70 * MIB, 120));

        assertThat(placement.place(2, workers)).isEqualTo(placement.place(2, workers.reversed()));
    }

    @Test
    void shouldPutSeveralStagesOnAWorkerWhereThereAreMoreStages() {
        var placement = new Placement(spec(8, 64, false), KV, Bf16Storage.SIXTEEN_BITS);

        var placed = placed(placement.place(8, List.of(worker("a", 900 * MIB, 100), worker("b", 900 * MIB, 300))));

        assertThat(ranges(placed))
                .allSatisfy(range -> assertThat(range.layerCount()).isEqualTo(1));
        assertThat(placed.stages())
                .filteredOn(stage -> stage.worker().endsWith("b"))
                .hasSize(6);
    }

    @Test
    void shouldDoWithoutAWorkerThatIsTooSmallForAnything() {
        var placement = new Placement(spec(8, 64, false), KV, Bf16Storage.SIXTEEN_BITS);

        var placed = placed(placement.place(
                4, List.of(worker("a", 900 * MIB, 100), worker("b", 900 * MIB, 100), worker("tiny", MIB / 4, 100))));

        assertThat(placed.stages()).extracting(StagePlace::worker).doesNotContain("pekko://caravan@tiny");
        assertThat(placed.spares()).containsExactly("pekko://caravan@tiny");
    }

    @Test
    void shouldNameTheSpares() {
        var placement = new Placement(spec(4, 64, false), KV, Bf16Storage.SIXTEEN_BITS);

        var placed = placed(placement.place(
                2, List.of(worker("a", 900 * MIB, 100), worker("b", 900 * MIB, 100), worker("c", 900 * MIB, 50))));

        assertThat(placed.spares()).containsExactly("pekko://caravan@c");
    }

    @Test
    void shouldTakeAsManyBlocksAsTheTightestWorkerHasRoomForUpToTheCap() {
        var placement = new Placement(spec(4, 64, false), KV, Bf16Storage.SIXTEEN_BITS);

        var roomy = placed(placement.place(2, List.of(worker("a", 900 * MIB, 100), worker("b", 900 * MIB, 100))));
        var tight = placed(placement.place(2, List.of(worker("a", 900 * MIB, 100), worker("b", 4 * MIB, 100))));

        assertThat(roomy.kvBlockCount()).isEqualTo(256);
        var onTight = tight.stages().stream()
                .filter(stage -> stage.worker().endsWith("b"))
                .findFirst()
                .orElseThrow();
        assertThat(placement.bytes(onTight.layers(), tight.kvBlockCount())).isLessThanOrEqualTo(4 * MIB);
        assertThat(placement.bytes(onTight.layers(), tight.kvBlockCount() + 1)).isGreaterThan(4 * MIB);
    }

    @Test
    void shouldCountATiedEmbeddingOnBothEndsAndOnceWhereTheyAreOne() {
        var tied = new Placement(spec(2, 6400, true), KV, Bf16Storage.SIXTEEN_BITS);
        var untied = new Placement(spec(2, 6400, false), KV, Bf16Storage.SIXTEEN_BITS);
        long embedding = 6400L * 256 * 2;

        assertThat(tied.bytes(new LayerRange(0, 1), 1)).isEqualTo(untied.bytes(new LayerRange(0, 1), 1));
        assertThat(tied.bytes(new LayerRange(1, 2), 1)).isEqualTo(untied.bytes(new LayerRange(1, 2), 1));
        assertThat(untied.bytes(new LayerRange(0, 2), 1) - tied.bytes(new LayerRange(0, 2), 1))
                .isEqualTo(embedding);
    }

    @Test
    void shouldSayWhatIsNeededAndWhatIsThere() {
        var placement = new Placement(spec(8, 64, false), KV, Bf16Storage.SIXTEEN_BITS);

        var outcome = placement.place(2, List.of(worker("a", 2 * MIB, 100), worker("b", 3 * MIB, 100)));

        assertThat(outcome)
                .asInstanceOf(type(Impossible.class))
                .extracting(Impossible::why)
                .asString()
                .contains("needs 12.1 MiB for weights and 2.0 MiB for the least KV blocks (256 tokens)")
                .contains("a has 2.0 MiB; b has 3.0 MiB");
    }

    @Test
    void shouldRefuseMoreStagesThanLayers() {
        assertThat(new Placement(spec(2, 64, false), KV, Bf16Storage.SIXTEEN_BITS)
                        .place(3, List.of(worker("a", 900 * MIB, 100))))
                .isEqualTo(new Impossible("the model has 2 layers, which makes 1 to 2 stages, not 3"));
    }

    @Test
    void shouldReplaceALostStageBySameKernelsThenASpareThenSpeed() {
        var placement = new Placement(spec(4, 64, false), KV, Bf16Storage.SIXTEEN_BITS);
        var replacement = new Replacement(placement, 2, 256);
        var lost = new StagePlace(1, new LayerRange(2, 4), "pekko://caravan@gone");
        var kept = List.of(new StagePlace(0, new LayerRange(0, 2), "pekko://caravan@a"));
        var host = worker("a", 900 * MIB, 500);
        var spare = worker("b", 900 * MIB, 100);
        var other = new WorkerInfo("pekko://caravan@c", "c", "1", 1, 2, 900 * MIB, 900, "scalar");

        assertThat(placed(replacement.replace(lost, kept, List.of(host, spare, other), "vector/avx2", Set.of()))
                        .stages()
                        .getLast()
                        .worker())
                .isEqualTo("pekko://caravan@b");
        assertThat(placed(replacement.replace(lost, kept, List.of(host, other), "vector/avx2", Set.of()))
                        .stages()
                        .getLast()
                        .worker())
                .isEqualTo("pekko://caravan@a");
    }

    @Test
    void shouldReplaceALostStageWithFewerBlocksWhereNobodyHasRoomForAll() {
        var placement = new Placement(spec(4, 64, false), KV, Bf16Storage.SIXTEEN_BITS);
        var replacement = new Replacement(placement, 2, 256);
        var both = List.of(new LayerRange(0, 2), new LayerRange(2, 4));
        var lost = new StagePlace(1, both.getLast(), "pekko://caravan@gone");
        var kept = List.of(new StagePlace(0, both.getFirst(), "pekko://caravan@a"));
        long room =
                both.stream().mapToLong(layers -> placement.bytes(layers, 100)).sum();

        var placed = placed(replacement.replace(lost, kept, List.of(worker("a", room, 1)), "", Set.of()));

        assertThat(placed.kvBlockCount()).isEqualTo(100);
        assertThat(placed.stages()).extracting(StagePlace::worker).containsOnly("pekko://caravan@a");
    }

    @Test
    void shouldExplainWhyNoWorkerTakesALostStage() {
        var replacement = new Replacement(new Placement(spec(4, 64, false), KV, Bf16Storage.SIXTEEN_BITS), 2, 256);
        var lost = new StagePlace(1, new LayerRange(2, 4), "pekko://caravan@gone");
        var kept = List.of(new StagePlace(0, new LayerRange(0, 2), "pekko://caravan@a"));

        var outcome = replacement.replace(
                lost,
                kept,
                List.of(worker("a", 4 * MIB, 1), worker("b", 900 * MIB, 1)),
                "",
                Set.of("pekko://caravan@b"));

        assertThat(outcome)
                .asInstanceOf(type(Impossible.class))
                .extracting(Impossible::why)
                .asString()
                .startsWith("stage 1 of 2 (layers 2..3) has no worker with room: it needs 3.5 MiB; a has ")
                .endsWith(" left; b failed with it");
    }

    @Test
    void shouldCountBf16WeightsInTwelveBitsWhereTheKernelsHaveThemSo() {
        var spec = spec(8, 6400, false);
        var layers = new LayerRange(0, 8);
        long plain = new Placement(spec, KV, Bf16Storage.SIXTEEN_BITS).bytes(layers, 16);
        var packing = new Placement(spec, KV, Bf16Storage.TWELVE_BITS);
        long packed = packing.bytes(layers, 16);
        long table = 2L * 6400 * 256; // rows of the embedding are looked up as they are
        long kv = 8 * 16 * KV.blockBytesPerLayer(spec);
        assertThat((double) (packed - kv - table)).isBetween(0.75 * (plain - kv - table), 0.753 * (plain - kv - table));

        var native12 = new WorkerInfo("pekko://caravan@n", "n", "1", 1, 2, packed, 100, "native/neon");
        assertThat(packing.place(1, List.of(native12))).isInstanceOf(Placed.class);
        assertThat(packing.place(1, List.of(worker("v", plain - 1, 100)))).isInstanceOf(Impossible.class);
        assertThat(packing.place(1, List.of(worker("v", plain, 100)))).isInstanceOf(Placed.class);
        assertThat(new Placement(spec, KV, Bf16Storage.SIXTEEN_BITS).place(1, List.of(native12)))
                .isInstanceOf(Impossible.class);
    }
}
