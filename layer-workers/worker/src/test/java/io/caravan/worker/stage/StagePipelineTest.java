package io.caravan.worker.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.formats.Checkpoints;
import io.caravan.kernels.CpuList;
import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.model.cache.WeightCache;
import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.actor.StageId;
import io.caravan.proto.frame.StepPlanFrame;
import io.caravan.proto.frame.StepResultFrame;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.MemoryLinks;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import io.caravan.proto.link.StageLinks;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.Precision;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.model.WeightChoice;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StageTiming;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import io.caravan.worker.transport.aeron.AeronLinks;
import io.caravan.worker.transport.aeron.AeronSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.agrona.ExpandableArrayBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real stages of the shipped model, each on its thread, with only the scheduler played by the test. */
class StagePipelineTest {
    private static final Duration LONGEST = Duration.ofSeconds(10);
    private static final Path MODEL = Path.of("../../gateway/cli/src/main/dist/models/tiny-chat");
    private static final long EPOCH = 3;
    private static final int MODEL_LAYERS = 8;
    private static final int BLOCKS = 16;
    private static final int BLOCK_TOKENS = 8;
    private static final int MAX_ROWS = 32;

    // the first of the shipped model's expected answers: "Hello!" after its system line
    private static final int[] PROMPT = {
        1, 3, 16, 481, 465, 262, 367, 285, 479, 490, 489, 977, 2, 16, 4, 16, 794, 1021, 2, 16, 5, 16
    };
    private static final List<Integer> ANSWER =
            List.of(794, 1021, 365, 797, 262, 367, 285, 806, 977, 832, 351, 833, 262, 347);

    @Test
    void shouldGiveTheShippedModelsAnswerOverMemory() throws Exception {
        try (var links = new MemoryLinks()) {
            assertThat(answer(links, 2, TensorType.F32)).isEqualTo(ANSWER);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TensorType.class,
            names = {"BF16", "F16"})
    void shouldGiveTheSameAnswerWithHalfTheBytesBetweenStages(TensorType wire) throws Exception {
        try (var links = new MemoryLinks()) {
            assertThat(answer(links, 2, wire)).isEqualTo(ANSWER);
        }
    }

    @Test
    void shouldGiveTheShippedModelsAnswerOverAeron() throws Exception {
        Config config = ConfigFactory.defaultReference().resolve();
        try (var links = AeronLinks.open(AeronSettings.from(config))) {
            assertThat(answer(links, 3, TensorType.F32)).isEqualTo(ANSWER);
        }
    }

    @Test
    void shouldRefuseAModelOfAnotherFingerprint() {
        var budget = new MemoryBudget(1 << 30);
        var wanted = assignment(new ModelRef("/nowhere/" + MODEL.getFileName(), "beef"), 0, 1);
        var own = loader(budget, MODEL.getParent().toString());

        assertThatThrownBy(() -> own.load(wanted, (loaded, total) -> {}))
                .isInstanceOf(StageRefusedException.class)
                .hasMessageContaining("another model is in " + MODEL)
                .hasMessageContaining("beef");
        assertThat(budget.freeBytes()).isEqualTo(budget.totalBytes());
    }

    @Test
    void shouldRefuseAStageThatDoesNotFitInMemory() {
        var budget = new MemoryBudget(1 << 20);

        assertThatThrownBy(() -> loader(budget, "").load(assignment(model(), 0, 1), (loaded, total) -> {}))
                .isInstanceOf(StageRefusedException.class)
                .hasMessageContaining("not enough memory");
        assertThat(budget.freeBytes()).isEqualTo(budget.totalBytes());
    }

    @Test
    void shouldRefuseAModelThatIsNotThereAndFindItInTheWorkersOwnFolder() {
        var budget = new MemoryBudget(1 << 30);
        var elsewhere = new ModelRef("/nowhere/tiny-chat", model().fingerprint());

        assertThatThrownBy(() -> loader(budget, "").load(assignment(elsewhere, 0, 1), (loaded, total) -> {}))
                .isInstanceOf(StageRefusedException.class)
                .hasMessageContaining("there is no model /nowhere/tiny-chat");
        var own = loader(budget, MODEL.getParent().toString());
        try (var compute = own.load(assignment(elsewhere, 0, 1), (loaded, total) -> {})) {
            assertThat(budget.freeBytes())
                    .as("the reservation is what the stage says it holds")
                    .isEqualTo(budget.totalBytes() - compute.weights().bytes() - compute.kvBytes());
        }
        assertThat(budget.freeBytes()).isEqualTo(budget.totalBytes());
    }

    @Test
    void shouldGiveBackWhatItTookWhenLoadingIsStopped() {
        var budget = new MemoryBudget(1 << 30);

        assertThatThrownBy(() -> loader(budget, "").load(assignment(model(), 0, 1), (loaded, total) -> {
                    throw new IllegalStateException("stopped");
                }))
                .hasMessageContaining("stopped");
        assertThat(budget.freeBytes()).isEqualTo(budget.totalBytes());
    }

    private static List<Integer> answer(StageLinks links, int stageCount, TensorType wire) throws Exception {
        var budget = new MemoryBudget(1 << 30);
        var host = new StageHost(Stages.WORKER, "one", loader(budget, ""), links, "backoff", StageClock.SYSTEM);
        try (StageInbox results = links.openInbox()) {
            LinkEndpoint next = results.endpoint();
            for (int i = stageCount - 1; i >= 0; i--) {
                var started = new Started();
                StageProxy stage = StageRunner.start(assignment(model(), i, stageCount, wire), host, started);
                LinkEndpoint inbox = started.inbox.get(LONGEST.toSeconds(), TimeUnit.SECONDS);
                stage.connect(EPOCH, next);
                assertThat(started.serving.get(LONGEST.toSeconds(), TimeUnit.SECONDS))
                        .isEqualTo(EPOCH);
                next = inbox;
            }
            try (StageLink first = links.connect(next)) {
                return generate(first, results, stageCount);
            }
        } finally {
            assertThat(host.end(LONGEST)).isTrue();
            assertThat(budget.freeBytes()).isEqualTo(budget.totalBytes());
        }
    }

    /** Prefills the prompt in two chunks, then decodes token by token. */
    private static List<Integer> generate(StageLink first, StageInbox results, int stageCount) {
        int half = PROMPT.length / 2;
        var tokens = TokenIds.of(PROMPT);
        assertThat(step(first, results, plan(1, 0, tokens.slice(0, half), false), stageCount))
                .isEmpty();
        var answer = new ArrayList<Integer>();
        var next = tokens.slice(half, PROMPT.length);
        int position = half;
        for (long step = 2; answer.size() < ANSWER.size(); step++) {
            int token = step(first, results, plan(step, position, next, true), stageCount)
                    .getFirst();
            answer.add(token);
            position += next.size();
            next = TokenIds.of(token);
        }
        return answer;
    }

    private static StepPlan plan(long step, int position, TokenIds tokens, boolean chooses) {
        var choice = new SequenceSlice.Choice(Sampling.GREEDY, TokenIds.EMPTY, 0, false);
        return new StepPlan(
                EPOCH,
                step,
                List.of(new SequenceSlice(
                        1,
                        position,
                        tokens,
                        TokenIds.of(IntStream.range(0, BLOCKS).toArray())
                                .slice(0, 1 + (position + tokens.size() - 1) / BLOCK_TOKENS),
                        chooses ? List.of(choice) : List.of())));
    }

    private static List<Integer> step(StageLink first, StageInbox results, StepPlan plan, int stageCount) {
        var frame = new ExpandableArrayBuffer();
        int length = StepPlanFrame.encode(plan, StageClock.SYSTEM.wall().nanoTime(), frame);
        awaitTrue("the plan leaves", () -> first.send(frame, 0, length) == StageLink.Sent.DONE);
        List<StepResult> received = new ArrayList<>();
        awaitTrue("a result comes back", () -> {
            results.poll((buffer, offset, size) -> received.add(StepResultFrame.decode(buffer, offset, size)));
            return !received.isEmpty();
        });
        StepResult result = received.getFirst();
        assertThat(result.step()).isEqualTo(plan.step());
        assertThat(result.timings())
                .extracting(StageTiming::stage)
                .hasSize(stageCount)
                .isSorted();
        assertThat(result.timings()).allMatch(timing -> timing.computeNs() > 0);
        return result.tokens().stream().map(chosen -> chosen.choice().token()).toList();
    }

    private static ModelStageLoader loader(MemoryBudget budget, String models) {
        return new ModelStageLoader(
                precision ->
                        HostDevice.open(KernelChoice.AUTO, 1, precision.activations(), precision.bf16(), CpuList.ANY),
                budget,
                Duration.ofMillis(50),
                models,
                WeightCache.none());
    }

    private static ModelRef model() {
        try (var checkpoint = Checkpoints.open(MODEL)) {
            return new ModelRef(MODEL.toString(), checkpoint.fingerprint());
        }
    }

    private static StageAssignment assignment(ModelRef model, int index, int stageCount) {
        return assignment(model, index, stageCount, TensorType.F32);
    }

    private static StageAssignment assignment(ModelRef model, int index, int stageCount, TensorType wire) {
        return new StageAssignment(
                new StageId("main", index),
                stageCount,
                new LayerRange(MODEL_LAYERS * index / stageCount, MODEL_LAYERS * (index + 1) / stageCount),
                model,
                Stages.WORKER,
                EPOCH,
                BLOCKS,
                BLOCK_TOKENS,
                new Precision(
                        WeightChoice.AS_STORED, ActivationChoice.AUTO, TensorType.F32, wire, Bf16Storage.TWELVE_BITS),
                MAX_ROWS);
    }

    private static void awaitTrue(String what, BooleanSupplier condition) {
        long deadlineNs = System.nanoTime() + LONGEST.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadlineNs);
            Thread.onSpinWait();
        }
    }

    /** Completes as the stage comes up. */
    private static final class Started implements StageListener {
        final CompletableFuture<LinkEndpoint> inbox = new CompletableFuture<>();
        final CompletableFuture<Long> serving = new CompletableFuture<>();

        @Override
        public void loading(long loadedBytes, long totalBytes) {}

        @Override
        public void ready(LinkEndpoint endpoint, String kernels, HeldWeights weights, long kvBytes) {
            inbox.complete(endpoint);
        }

        @Override
        public void serving(long epoch) {
            serving.complete(epoch);
        }

        @Override
        public void drained(long epoch) {}

        @Override
        public void stepFailed(long epoch, long step, String reason, boolean goesOn) {}

        @Override
        public void failed(String reason) {
            inbox.completeExceptionally(new IllegalStateException(reason));
            serving.completeExceptionally(new IllegalStateException(reason));
        }

        @Override
        public void closed() {}
    }
}
