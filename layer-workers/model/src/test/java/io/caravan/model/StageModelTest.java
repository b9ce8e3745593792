package io.caravan.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.formats.ModelFormatException;
import io.caravan.kernels.CpuList;
import io.caravan.kernels.Device;
import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.model.cache.WeightCache;
import io.caravan.model.kv.KvShape;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.model.WeightChoice;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.SequenceSlice.Choice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class StageModelTest {
    private static final int MAX_ROWS = 8;
    private static final ModelSpec SPEC = TestSpecs.small(100, false);
    private static final KvShape KV = new KvShape(10, 4, TensorType.F16);

    private final Device device = HostDevice.open(KernelChoice.SCALAR, 1);
    private final RandomCheckpoint checkpoint = new RandomCheckpoint(SPEC);

    @AfterEach
    void closeAll() {
        device.close();
        checkpoint.close();
    }

    @Test
    void shouldCountItsWeightsAndItsKeysAndValues() {
        try (StageModel middle = load(new LayerRange(2, 4), false, false);
                StageModel whole = load(new LayerRange(0, 6), true, true)) {
            assertThat(middle.heldWeights().bytes()).isEqualTo(2 * 4 * SPEC.layerParameterCount());
            assertThat(whole.heldWeights().bytes()).isEqualTo(4 * SPEC.parameterCount());
            assertThat(middle.kvBytes()).isEqualTo(10 * 4 * 2 * SPEC.kvBytesPerTokenPerLayer(TensorType.F16));
            assertThat(middle.kvBytes()).isEqualTo(KV.bytes(SPEC, 2));
            assertThat(middle.hidden().rows()).isEqualTo(MAX_ROWS);
            assertThat(middle.hidden().columns()).isEqualTo(SPEC.hiddenSize());
        }
    }

    @Test
    void shouldSayHowFarLoadingIs() {
        var heard = new ArrayList<Long>();
        long totalBytes = 4 * SPEC.layerParameterCount();
        StageModel.load(checkpoint, new LayerRange(1, 2), false, false, device, KV, MAX_ROWS, (loaded, total) -> {
                    assertThat(total).isEqualTo(totalBytes);
                    heard.add(loaded);
                })
                .close();

        assertThat(heard).hasSize(10).isSorted().startsWith(0L).endsWith(totalBytes);
    }

    @Test
    void shouldLoadTheSameFromTheCacheAndPackAnewForAnotherDevice(@TempDir Path folder) throws IOException {
        var cache = new WeightCache(folder, 1 << 20);
        for (var activations : List.of(ActivationChoice.AUTO, ActivationChoice.F32)) {
            List<Float> packed = hidden(KernelChoice.NATIVE, activations, cache);
            assertThat(hidden(KernelChoice.NATIVE, activations, cache)).isEqualTo(packed);
            assertThat(hidden(KernelChoice.NATIVE, activations, WeightCache.none()))
                    .isEqualTo(packed);
        }
        hidden(KernelChoice.VECTOR, ActivationChoice.AUTO, cache);
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(2); // one for each device that packs
        }
    }

    @Test
    void shouldPackAnewWhatIsDamagedInTheCacheAndKeepItAgain(@TempDir Path folder) throws IOException {
        var cache = new WeightCache(folder, 1 << 20);
        List<Float> packed = hidden(KernelChoice.NATIVE, ActivationChoice.AUTO, cache);
        Path file;
        try (var files = Files.list(folder)) {
            file = files.findFirst().orElseThrow();
        }
        byte[] whole = Files.readAllBytes(file);
        byte[] damaged = whole.clone();
        damaged[whole.length / 2 / 4096 * 4096] ^= 1;
        Files.write(file, damaged);

        assertThat(hidden(KernelChoice.NATIVE, ActivationChoice.AUTO, cache)).isEqualTo(packed);
        assertThat(file).hasBinaryContent(whole);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void shouldKeepBf16WeightsInTwelveBitsWithTheSameBits(ActivationChoice activations, @TempDir Path folder)
            throws IOException {
        try (var small = bf16(activations, Bf16Storage.TWELVE_BITS);
                var plain = bf16(activations, Bf16Storage.SIXTEEN_BITS)) {
            var cache = new WeightCache(folder, 1 << 30);
            List<Float> expected = hidden(plain, WeightChoice.BF16, cache, "BF16");
            assertThat(hidden(small, WeightChoice.BF16, WeightCache.none(), "BF16 in 12 bits"))
                    .isEqualTo(expected);
            assertThat(hidden(small, WeightChoice.BF16, cache, "BF16 in 12 bits"))
                    .isEqualTo(expected);
            long takenBytes = small.allocatedBytes();
            assertThat(hidden(small, WeightChoice.BF16, cache, "BF16 in 12 bits"))
                    .as("from the cache")
                    .isEqualTo(expected);
            assertThat(small.allocatedBytes() - takenBytes).isLessThanOrEqualTo(takenBytes / 2);
            try (var files = Files.list(folder)) {
                assertThat(files).as("the key tells the storage").hasSize(2);
            }
        }
    }

    private static HostDevice bf16(ActivationChoice activations, Bf16Storage storage) {
        return HostDevice.open(KernelChoice.NATIVE, 2, activations, storage, CpuList.ANY);
    }

    /** The hidden state behind the last layer after one token, with weights of Q8_0. */
    private List<Float> hidden(KernelChoice kernels, ActivationChoice activations, WeightCache cache) {
        try (var other = HostDevice.open(kernels, 2, activations)) {
            return hidden(other, WeightChoice.Q8_0, cache, "");
        }
    }

    private List<Float> hidden(HostDevice other, WeightChoice weights, WeightCache cache, String form) {
        try (var stage = StageModel.load(
                checkpoint,
                new LayerRange(0, 6),
                true,
                true,
                other,
                KV,
                MAX_ROWS,
                weights,
                cache,
                LoadProgress.IGNORED)) {
            assertThat(stage.heldWeights().form()).contains(form);
            StepPlan plan = plan(choosing(1, new int[] {5}, 0));
            stage.forward(plan);
            float[] state = new float[SPEC.hiddenSize()];
            other.read(stage.hidden(), MemorySegment.ofArray(state), 4L * state.length);
            return IntStream.range(0, state.length).mapToObj(i -> state[i]).toList();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "model.layers.1.mlp.up_proj.weight, 40, NATIVE, AS_STORED",
        "lm_head.weight, 99, NATIVE, Q8_0",
        "model.layers.0.self_attn.q_proj.weight, 3, SCALAR, BF16"
    })
    void shouldNameTheRowOfWeightsThatAreNotNumbersWhereItPacksThem(
            String name, int row, KernelChoice kernels, WeightChoice choice) {
        var damaged = new DamagedCheckpoint(checkpoint, name, row);
        try (var other = HostDevice.open(kernels, 2)) {
            assertThatThrownBy(() -> StageModel.load(
                            damaged,
                            new LayerRange(0, 6),
                            true,
                            true,
                            other,
                            KV,
                            MAX_ROWS,
                            choice,
                            WeightCache.none(),
                            LoadProgress.IGNORED))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining("row " + row + " of " + name);
        }
    }

    @Test
    void shouldNameANormThatIsNotOfNumbers() {
        var damaged = new DamagedCheckpoint(checkpoint, "model.norm.weight", 0);
        assertThatThrownBy(() -> StageModel.load(
                        damaged, new LayerRange(0, 6), true, true, device, KV, MAX_ROWS, LoadProgress.IGNORED))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("model.norm.weight has a weight that is");
    }

    @Test
    void shouldRefuseACheckpointWithoutOneOfItsTensors() {
        try (var incomplete = new RandomCheckpoint(SPEC, "model.layers.1.mlp.up_proj.weight")) {
            assertThatThrownBy(() -> StageModel.load(
                            incomplete, new LayerRange(0, 2), true, false, device, KV, MAX_ROWS, LoadProgress.IGNORED))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining("model.layers.1.mlp.up_proj.weight");
        }
    }

    @Test
    void shouldRefuseLayersThatTheModelDoesNotHave() {
        assertThatThrownBy(() -> load(new LayerRange(5, 7), false, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layers 5..6")
                .hasMessageContaining("has 6 layers");
    }

    @Test
    void shouldRefuseAPlanOfMoreRowsThanItHasRoomFor() {
        int[] nine = IntStream.range(0, 9).toArray();
        assertRefused(slice(0, nine, 0, 1, 2), "9 rows", "at most 8");
    }

    @Test
    void shouldRefuseBlocksThatDoNotExist() {
        assertRefused(slice(0, new int[] {1}, 10), "block 10", "0 to 9");
        assertRefused(slice(0, new int[] {1}, -1), "block -1");
    }

    @Test
    void shouldRefuseABlockTableTooShortForItsPositions() {
        assertRefused(slice(4, new int[] {1}, 3), "1 blocks for 4 positions", "position 5");
    }

    @Test
    void shouldRefuseTokensOutsideTheVocabulary() {
        assertRefused(slice(0, new int[] {1, 100}, 0), "token 100 at position 1", "vocabulary of 100");
        assertRefused(slice(0, new int[] {-1}, 0), "token -1");
    }

    @Test
    void shouldRefusePositionsBeyondTheContext() {
        int[] blocks = new int[17];
        assertRefused(slice(64, new int[] {1}, blocks), "position 65", "context ends at 64");
        assertRefused(slice(Integer.MAX_VALUE, new int[] {1, 2}, blocks), "context ends at 64");
    }

    @Test
    void shouldChooseOnTheLastStageOnly() {
        try (StageModel first = load(new LayerRange(0, 3), true, false)) {
            StepPlan plan = plan(slice(0, new int[] {1}, 0));
            first.forward(plan);
            assertThatThrownBy(() -> first.choose(plan)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void shouldDoNothingOnceClosed() {
        StageModel stage = load(new LayerRange(0, 1), true, false);
        stage.close();

        assertThatThrownBy(() -> stage.forward(plan(slice(0, new int[] {1}, 0))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void shouldChooseForTheSlicesThatAskInTheirOrder() {
        try (StageModel whole = load(new LayerRange(0, 6), true, true)) {
            var silent = new SequenceSlice(7, 0, TokenIds.of(5, 6), TokenIds.of(1), List.of());
            StepPlan plan = plan(choosing(8, new int[] {5, 6}, 2), silent, choosing(9, new int[] {3}, 4));
            whole.forward(plan);
            List<StepResult.Chosen> chosen = whole.choose(plan).tokens();

            assertThat(chosen).extracting(StepResult.Chosen::sequenceId).containsExactly(8L, 9L);
            assertThat(chosen).extracting(each -> each.choice().position()).containsExactly(2, 1);
            assertThat(chosen)
                    .allSatisfy(each -> assertThat(each.choice().logits()).hasSize(100));
        }
    }

    @Test
    void shouldGiveTheSameLogitsWhenChoicesGoThroughTheHeadInGroups() {
        ModelSpec wide = TestSpecs.small(1 << 19, true); // four rows of logits fill a group
        try (var wideCheckpoint = new RandomCheckpoint(wide);
                StageModel stage = StageModel.load(
                        wideCheckpoint, new LayerRange(0, 1), true, true, device, KV, MAX_ROWS, LoadProgress.IGNORED)) {
            StepPlan together = plan(IntStream.range(0, 5)
                    .mapToObj(i -> choosing(i, new int[] {i + 1}, i))
                    .toArray(SequenceSlice[]::new));
            stage.forward(together);
            List<StepResult.Chosen> chosen = stage.choose(together).tokens();

            for (int i = 0; i < 5; i++) {
                StepPlan alone = plan(choosing(i, new int[] {i + 1}, 9));
                stage.forward(alone);
                assertThat(stage.choose(alone).tokens().getFirst().equals(chosen.get(i)))
                        .as("choice %d", i)
                        .isTrue();
            }
        }
    }

    @Test
    void shouldChooseAlongADraftWhatItChoosesStepByStep() {
        var sampling = new Sampling(0.8f, 0, 0.9f, 0, 1.3f, 0, 0.2f, 42, 2, Map.of());
        try (StageModel whole = load(new LayerRange(0, 6), true, true)) {
            int[] tokens = {5, 6, 0, 0, 0, 0};
            var alone = new ArrayList<TokenChoice>();
            for (int count = 2; count < tokens.length; count++) {
                int[] soFar = Arrays.copyOf(tokens, count);
                var choice = new Choice(sampling, TokenIds.of(soFar), 2, true);
                StepPlan plan = plan(new SequenceSlice(1, 0, TokenIds.of(soFar), TokenIds.of(0, 1), List.of(choice)));
                whole.forward(plan);
                alone.add(whole.choose(plan).tokens().getFirst().choice());
                tokens[count] = alone.getLast().token();
            }

            for (int right = 0; right < 4; right++) {
                int[] drafted = Arrays.copyOf(tokens, 5);
                if (right < 3) {
                    drafted[2 + right] = (drafted[2 + right] + 1) % 100;
                }
                var choice = new Choice(sampling, TokenIds.of(5, 6), 2, true, 3);
                StepPlan plan = plan(
                        new SequenceSlice(1, 0, TokenIds.of(drafted), TokenIds.of(3, 5), List.of(choice)),
                        choosing(9, new int[] {3}, 4));
                whole.forward(plan);
                List<StepResult.Chosen> chosen = whole.choose(plan).tokens();

                assertThat(chosen).hasSize(right + 2);
                assertThat(chosen.subList(0, right + 1))
                        .extracting(StepResult.Chosen::choice)
                        .isEqualTo(alone.subList(0, right + 1));
                assertThat(chosen.getLast().sequenceId()).isEqualTo(9);
            }
        }
    }

    @Test
    void shouldNameTheSequencesThatDoNotFit() {
        try (StageModel stage = load(new LayerRange(0, 1), true, false)) {
            var fits = new SequenceSlice(7, 0, TokenIds.of(5, 6), TokenIds.of(1), List.of());
            StepPlan plan = plan(choosing(8, new int[] {5, 100}, 2), fits, choosing(9, new int[] {3}, 10));

            assertThat(stage.faults(plan)).extracting(SequenceFault::sequenceId).containsExactly(8L, 9L);
            assertThat(stage.faults(plan).getFirst().reason()).contains("token 100 at position 1", "vocabulary of 100");
            assertThat(stage.faults(plan.without(stage.faults(plan)))).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(KernelChoice.class)
    void shouldNotLetASequenceOfDamagedWeightsTouchTheOthers(KernelChoice kernels) {
        var damaged = new DamagedCheckpoint(checkpoint, "model.embed_tokens.weight", 77);
        for (var type : List.of(TensorType.F32, TensorType.F16, TensorType.Q8_0)) {
            var kv = new KvShape(10, 32, type);
            try (var other = HostDevice.open(kernels, 2);
                    StageModel whole = StageModel.load(
                            damaged, new LayerRange(0, 6), true, true, other, kv, MAX_ROWS, LoadProgress.IGNORED)) {
                StepPlan alone = plan(choosing(1, new int[] {5, 6}, 1), choosing(3, new int[] {9}, 3));
                whole.forward(alone);
                List<StepResult.Chosen> expected = whole.choose(alone).tokens();

                // its keys and values, which are not numbers either, stay behind in blocks 1 and 3 but for the first
                // rows
                StepPlan before = plan(choosing(8, new int[] {77, 77, 77}, 1), choosing(9, new int[] {77, 77, 77}, 3));
                whole.forward(before);
                assertThat(whole.choose(before).faults()).hasSize(2);
                StepPlan beside = plan(
                        choosing(1, new int[] {5, 6}, 1),
                        choosing(2, new int[] {4, 77, 4}, 2),
                        choosing(3, new int[] {9}, 3));
                whole.forward(beside);
                Choices choices = whole.choose(beside);

                assertThat(choices.tokens()).as("%s, %s", kernels, type).isEqualTo(expected);
                assertThat(choices.faults())
                        .extracting(SequenceFault::sequenceId)
                        .containsExactly(2L);
                assertThat(choices.faults().getFirst().reason()).contains("position 3", "are not numbers");
            }
        }
    }

    @Test
    void shouldEndADraftWhereItsLogitsAreNotNumbers() {
        var damaged = new DamagedCheckpoint(checkpoint, "model.embed_tokens.weight", 77);
        try (StageModel whole = StageModel.load(
                damaged, new LayerRange(0, 6), true, true, device, KV, MAX_ROWS, LoadProgress.IGNORED)) {
            var toward77 = new Sampling(0, 0, 1, 0, 1, 0, 0, 0, -1, Map.of(77, 1e6f));
            var choice = new Choice(toward77, TokenIds.EMPTY, 0, false, 2);
            StepPlan plan = plan(
                    new SequenceSlice(1, 0, TokenIds.of(5, 77, 77), TokenIds.of(1), List.of(choice)),
                    choosing(2, new int[] {3}, 4));
            whole.forward(plan);
            Choices choices = whole.choose(plan);

            assertThat(choices.tokens())
                    .extracting(StepResult.Chosen::sequenceId)
                    .containsExactly(1L, 2L);
            assertThat(choices.tokens().getFirst().choice().token()).isEqualTo(77);
            assertThat(choices.faults()).extracting(SequenceFault::sequenceId).containsExactly(1L);
        }
    }

    private void assertRefused(SequenceSlice slice, String... parts) {
        try (StageModel stage = load(new LayerRange(0, 1), true, false)) {
            assertThatThrownBy(() -> stage.forward(plan(slice)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll(parts);
        }
    }

    private StageModel load(LayerRange layers, boolean first, boolean last) {
        return StageModel.load(checkpoint, layers, first, last, device, KV, MAX_ROWS, LoadProgress.IGNORED);
    }

    private static StepPlan plan(SequenceSlice... slices) {
        return new StepPlan(1, 1, List.of(slices));
    }

    private static SequenceSlice slice(int start, int[] tokens, int... blocks) {
        return new SequenceSlice(1, 0, start, TokenIds.of(tokens), TokenIds.of(blocks), List.of());
    }

    private static SequenceSlice choosing(long id, int[] tokens, int block) {
        var choice = new SequenceSlice.Choice(Sampling.GREEDY, TokenIds.EMPTY, 0, true);
        return new SequenceSlice(id, 0, TokenIds.of(tokens), TokenIds.of(block), List.of(choice));
    }
}
