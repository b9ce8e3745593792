package io.caravan.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.formats.Checkpoints;
import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.oracle.EnginePipeline.Outcome;
import io.caravan.oracle.TinyChat.Chat;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.scheduler.engine.PromptLookup;
import io.caravan.scheduler.engine.Speculation;
import io.caravan.worker.draft.DraftModel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a request gets does not depend on what was guessed: the same tokens and the same log-probabilities, bit for bit. */
class SpeculationTest {
    private static final int COMPLETION = 32;
    private static final int DRAFT_KV_TOKENS = 512;

    private static final List<Sampling> SAMPLINGS = List.of(
            new Sampling(0, 0, 1, 0, 1, 0, 0, 0, 2, Map.of()),
            new Sampling(0.8f, 0, 0.95f, 0, 1, 0, 0, 42, 2, Map.of()),
            new Sampling(0.8f, 40, 1, 0, 1.2f, 0.1f, 0.3f, 7, 2, Map.of()));

    private static Outcome alone;
    private static DraftModel draftModel;

    @BeforeAll
    static void answerWithoutGuesses() {
        try (var checkpoint = Checkpoints.open(TinyChat.DIRECTORY);
                var pipeline = new EnginePipeline(TinyChat.DIRECTORY, 1)) {
            draftModel = DraftModel.open(
                    TinyChat.DIRECTORY,
                    checkpoint.spec(),
                    () -> HostDevice.open(KernelChoice.AUTO, 1),
                    DRAFT_KV_TOKENS);
            alone = pipeline.run(requests(), Speculation.OFF, List.of());
        }
    }

    @AfterAll
    static void closeDraftModel() {
        draftModel.close();
    }

    /** A greedy, a sampled and a penalised chat, and one that ends with its answer. */
    private static List<SequenceRequest> requests() {
        List<Chat> chats = TinyChat.chats();
        var requests = new ArrayList<SequenceRequest>();
        for (Sampling sampling : SAMPLINGS) {
            requests.add(request(requests.size(), chats.get(requests.size()).prompt(), TokenIds.EMPTY, sampling));
        }
        TokenIds answer = chats.get(3).answer();
        TokenIds end = answer.slice(answer.size() - 1, answer.size());
        requests.add(request(requests.size(), chats.get(3).prompt(), end, SAMPLINGS.getFirst()));
        return requests;
    }

    private static SequenceRequest request(long id, TokenIds prompt, TokenIds end, Sampling sampling) {
        return new SequenceRequest(id, prompt, TokenIds.EMPTY, COMPLETION, end, sampling, Duration.ofMinutes(1), false);
    }

    private static Speculation promptLookup() {
        return new Speculation(new PromptLookup(), 8, 24);
    }

    private static Speculation draftModel() {
        return new Speculation(draftModel.drafter(() -> 0), 6, 24);
    }

    @ParameterizedTest(name = "{0} stages")
    @ValueSource(ints = {1, 4})
    void shouldGiveTheSameAnswersWhateverIsGuessed(int stageCount) {
        try (var pipeline = new EnginePipeline(TinyChat.DIRECTORY, stageCount)) {
            for (Speculation speculation : List.of(promptLookup(), draftModel())) {
                Outcome outcome = pipeline.run(requests(), speculation, List.of());

                assertThat(outcome.tokens()).isEqualTo(alone.tokens());
                assertThat(outcome.status().acceptedTokens()).isPositive();
            }
        }
    }

    @Test
    void shouldGiveTheSameAnswersWhereStagesAreLost() {
        var random = new Random(5);
        try (var pipeline = new EnginePipeline(TinyChat.DIRECTORY, 2)) {
            for (Speculation speculation : List.of(promptLookup(), draftModel())) {
                Outcome outcome = pipeline.run(requests(), speculation, List.of(random));

                assertThat(outcome.status().epoch()).as("stages were lost").isGreaterThan(1);
                assertThat(outcome.tokens()).isEqualTo(alone.tokens());
            }
        }
    }

    @Test
    void shouldTakeFarFewerStepsWhereTheDraftModelIsRight() {
        try (var pipeline = new EnginePipeline(TinyChat.DIRECTORY, 1)) {
            var greedy = List.of(requests().getFirst());
            var status = pipeline.run(greedy, draftModel(), List.of()).status();

            assertThat(status.acceptedTokens()).isPositive().isEqualTo(status.draftedTokens());
            assertThat(3 * status.stepCount()).isLessThan(status.completionTokens());
        }
    }

    @Test
    void shouldRefuseADraftModelOfAnotherVocabulary() {
        var other = OracleModel.all().getFirst();
        try (var checkpoint = Checkpoints.open(TinyChat.DIRECTORY)) {
            assertThatThrownBy(() -> DraftModel.open(
                            other.directory(),
                            checkpoint.spec(),
                            () -> HostDevice.open(KernelChoice.AUTO, 1),
                            DRAFT_KV_TOKENS))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("vocabulary");
        }
    }
}
