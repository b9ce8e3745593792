package io.caravan.scheduler.engine;

import static io.caravan.scheduler.engine.EngineFixture.limits;
import static io.caravan.scheduler.engine.EngineFixture.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.draft.Drafter;
import io.caravan.proto.draft.TokenLog;
import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fixture's pipeline chooses the token 100 + p for position p; so does the drafter, where it is not told otherwise. */
class EngineSpeculationTest {
    private static final int WRONG = 7;

    /** Right but for one position, and silent while it works. */
    private static final class Oracle implements Drafter {
        int wrongPosition = -1;
        int wrongToken = WRONG;
        boolean working;
        final List<Long> forgotten = new ArrayList<>();

        @Override
        public Optional<TokenIds> draft(long sequenceId, TokenLog tokens, int most) {
            var draft = IntStream.range(tokens.size(), tokens.size() + most)
                    .map(position -> position == wrongPosition ? wrongToken : 100 + position);
            return working ? Optional.empty() : Optional.of(TokenIds.of(draft.toArray()));
        }

        @Override
        public void forget(long sequenceId) {
            forgotten.add(sequenceId);
        }
    }

    private final Oracle oracle = new Oracle();

    private EngineFixture fixture(int blockCount) {
        return new EngineFixture(limits(), new Speculation(oracle, 8, 12), 2, 64, blockCount);
    }

    /** One sequence of 3 tokens and the first it got. */
    private EngineFixture decoding(SequenceRequest request) {
        var fixture = fixture(16);
        fixture.submit(request);
        fixture.schedule();
        fixture.finishStep();
        return fixture;
    }

    @Test
    void shouldVerifyADraftInOneStep() {
        var fixture = decoding(request(1, 3, 40));

        SequenceSlice slice = fixture.schedule().getFirst().slices().getFirst();
        assertThat(slice.tokens()).isEqualTo(TokenIds.of(103, 104, 105, 106, 107));
        assertThat(slice.draftCount()).isEqualTo(4);
        assertThat(slice.choicePosition()).isEqualTo(4);
        assertThat(slice.blocks().size()).isEqualTo(2);

        assertThat(fixture.finishStep())
                .singleElement()
                .isInstanceOfSatisfying(
                        SequenceEvent.Tokens.class,
                        tokens -> assertThat(tokens.tokens())
                                .extracting(TokenChoice::token)
                                .containsExactly(104, 105, 106, 107, 108));
        assertThat(fixture.schedule().getFirst().slices().getFirst().startPosition())
                .isEqualTo(8);
    }

    @Test
    void shouldGoOnAfterTheTokensThatWereRight() {
        oracle.wrongPosition = 5;
        var fixture = decoding(request(1, 3, 40));
        fixture.schedule();
        fixture.finishStep();

        assertThat(fixture.tokensOf(1)).containsExactly(103, 104, 105);
        assertThat(fixture.engine.status().draftedTokens()).isEqualTo(4);
        assertThat(fixture.engine.status().acceptedTokens()).isEqualTo(1);
        assertThat(fixture.engine.blocksOf(1).size()).isEqualTo(2);
        SequenceSlice next = fixture.schedule().getFirst().slices().getFirst();
        assertThat(next.startPosition()).isEqualTo(5);
        assertThat(next.tokens()).isEqualTo(TokenIds.of(105, 106, 107));
    }

    @Test
    void shouldGiveBackTheBlocksOfADraftThatWasWrong() {
        oracle.wrongPosition = 4;
        var fixture = decoding(request(1, 3, 40));
        fixture.schedule();
        assertThat(fixture.engine.blocksOf(1).size()).isEqualTo(2);
        oracle.wrongPosition = 5;
        fixture.finishStep();

        assertThat(fixture.engine.blocksOf(1).size()).isEqualTo(2);
        assertThat(fixture.engine.status().kvBlocksUsed()).isEqualTo(2);
    }

    @Test
    void shouldDraftNoMoreThanTheCompletionMayHold() {
        var fixture = decoding(request(1, 3, 4));

        assertThat(fixture.schedule().getFirst().slices().getFirst().draftCount())
                .isEqualTo(2);
        fixture.runToTheEnd();
        assertThat(fixture.tokensOf(1)).containsExactly(103, 104, 105, 106);
        assertThat(fixture.events.getLast()).isEqualTo(new SequenceEvent.Finished(1, FinishReason.LENGTH, 4));
    }

    @Test
    void shouldEndAtAnEndTokenInTheMiddleOfARun() {
        var plain = request(1, 3, 40);
        var fixture = decoding(new SequenceRequest(
                1, plain.prompt(), TokenIds.EMPTY, 40, TokenIds.of(107), plain.sampling(), plain.deadline(), false));

        assertThat(fixture.schedule().getFirst().slices().getFirst().tokens())
                .as("nothing is drafted from the end token on")
                .isEqualTo(TokenIds.of(103, 104, 105, 106));
        fixture.finishStep();
        assertThat(fixture.tokensOf(1)).containsExactly(103, 104, 105, 106, 107);
        assertThat(fixture.events.getLast()).isEqualTo(new SequenceEvent.Finished(1, FinishReason.STOP, 5));
        assertThat(oracle.forgotten).containsExactly(1L);
        assertThat(fixture.engine.status().kvBlocksUsed()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {EngineFixture.VOCAB_SIZE, Integer.MAX_VALUE, -1})
    void shouldGuessNothingThatTheModelHasNoRowFor(int unknown) {
        oracle.wrongPosition = 5;
        oracle.wrongToken = unknown;
        var fixture = decoding(request(1, 3, 40));

        assertThat(fixture.schedule().getFirst().slices().getFirst().tokens())
                .as("what was guessed before it is of use")
                .isEqualTo(TokenIds.of(103, 104));
        fixture.finishStep();
        assertThat(fixture.tokensOf(1)).containsExactly(103, 104, 105);

        oracle.wrongPosition = 6;
        assertThat(fixture.schedule().getFirst().slices().getFirst().tokens())
                .as("and where there is nothing before it, the step is a plain one")
                .isEqualTo(TokenIds.of(105));
        fixture.finishStep();
        assertThat(fixture.tokensOf(1)).containsExactly(103, 104, 105, 106);
    }

    @Test
    void shouldLetASequenceSitOutWhileItsDraftIsWorkedOut() {
        oracle.working = true;
        var fixture = decoding(request(1, 3, 40));

        assertThat(fixture.schedule()).isEmpty();
        oracle.working = false;
        assertThat(fixture.schedule()).hasSize(1);
    }

    @Test
    void shouldDraftNothingWhilePromptsWaitOrThePlanIsFullOfDecodes() {
        var fixture = fixture(64);
        for (int id = 1; id <= 8; id++) {
            fixture.submit(request(id, 1, 40));
        }
        fixture.schedule();
        fixture.finishStep();
        fixture.finishStep();
        assertThat(fixture.schedule())
                .allSatisfy(plan -> assertThat(plan.slices())
                        .allSatisfy(slice -> assertThat(slice.draftCount()).isEqualTo(2)));
        fixture.submit(request(9, 40, 4));
        fixture.engine.cancel(8);
        fixture.finishStep();

        assertThat(fixture.schedule().getFirst().slices())
                .allSatisfy(slice -> assertThat(slice.draftCount()).isZero());
    }

    @Test
    void shouldKeepTheHistoryFreeOfDrafts() {
        var plain = request(1, 3, 40);
        var penalised = new Sampling(0, 0, 1, 0, 1.2f, 0, 0, 0, -1, Map.of());
        var fixture = decoding(new SequenceRequest(
                1, plain.prompt(), TokenIds.EMPTY, 40, TokenIds.EMPTY, penalised, plain.deadline(), false));

        SequenceSlice slice = fixture.schedule().getFirst().slices().getFirst();
        assertThat(slice.choice().getFirst().history()).isEqualTo(TokenIds.of(0, 1, 2, 103));
        assertThat(slice.choice().getFirst().after(TokenIds.of(104)).history())
                .isEqualTo(TokenIds.of(0, 1, 2, 103, 104));
    }

    @Test
    void shouldPrefillAcceptedTokensAgainAfterAReset() {
        var fixture = decoding(request(1, 3, 40));
        fixture.schedule();
        fixture.finishStep();
        fixture.schedule();
        fixture.inFlight.clear();
        fixture.engine.reset(2, 16);
        fixture.runToTheEnd();

        assertThat(fixture.tokensOf(1))
                .isEqualTo(IntStream.range(103, 143).boxed().toList());
    }

    @Test
    void shouldStopLoudlyWhereARunIsNotWhatWasDrafted() {
        var fixture = decoding(request(1, 3, 40));
        StepPlan plan = fixture.schedule().getFirst();
        var strange = List.of(
                new StepResult.Chosen(1, TokenChoice.plain(4, 99)),
                new StepResult.Chosen(1, TokenChoice.plain(5, 105)));

        assertThatThrownBy(
                        () -> fixture.engine.update(new StepResult(plan.epoch(), plan.step(), strange, List.of()), 0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("drafts");
    }
}
