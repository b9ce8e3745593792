package io.caravan.scheduler.engine;

import static io.caravan.scheduler.engine.EngineFixture.limits;
import static io.caravan.scheduler.engine.EngineFixture.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EngineBatchingTest {

    private static EngineFixture decoding(int stageCount, int sequenceCount) {
        var fixture = new EngineFixture(limits(), stageCount, 64, 64);
        for (int id = 1; id <= sequenceCount; id++) {
            fixture.submit(request(id, 1, 60));
        }
        fixture.schedule();
        while (!fixture.inFlight.isEmpty()) {
            fixture.finishStep();
        }
        return fixture;
    }

    @Test
    void shouldCutAPromptIntoChunksThatFollowOneAnotherInFlight() {
        var fixture = new EngineFixture(limits(), 2, 64, 16);
        fixture.submit(request(1, 30, 4));

        var plans = fixture.schedule();

        assertThat(plans).extracting(StepPlan::rowCount).containsExactly(15, 8, 4);
        assertThat(plans.getLast().slices().getFirst().choice()).isEmpty();
        fixture.finishStep();
        assertThat(fixture.schedule().getFirst().slices().getFirst().choice()).hasSize(1);
    }

    @Test
    void shouldTellTheLengthOfThePromptWithEachSliceAlsoAfterALoss() {
        var fixture = new EngineFixture(limits(), 1, 64, 16);
        fixture.submit(request(1, 30, 6));
        fixture.schedule();
        for (int step = 0; step < 6; step++) {
            fixture.finishStep();
            fixture.schedule();
        }
        assertThat(fixture.tokensOf(1)).isNotEmpty();
        fixture.inFlight.clear();
        fixture.engine.reset(2, 16);
        fixture.engine.update(EngineFixture.resultOf(fixture.engine.schedule(0).orElseThrow()), 0);

        for (StepPlan plan : fixture.schedule()) {
            assertThat(plan.slices()).extracting(SequenceSlice::promptCount).containsOnly(30);
            assertThat(plan.slices())
                    .allSatisfy(slice -> assertThat(slice.lengthAt(slice.startPosition()))
                            .isEqualTo(Math.max(30, slice.startPosition() + 1)));
        }
    }

    @Test
    void shouldKeepAPlanForEachStageInFlightAndOneMore() {
        var fixture = decoding(3, 6);

        assertThat(fixture.schedule()).hasSize(3);
        fixture.submit(request(9, 40, 4));
        assertThat(fixture.schedule()).hasSize(1);
        assertThat(fixture.engine.status().inFlight()).isEqualTo(4);
    }

    @Test
    void shouldSpreadDecodesEvenlyOverTheStages() {
        var fixture = decoding(2, 7);

        assertThat(fixture.schedule()).extracting(StepPlan::rowCount).containsExactly(4, 3);
    }

    @Test
    void shouldBringDecodesTogetherThatBeganApart() {
        var fixture = new EngineFixture(limits(), 1, 64, 64);
        fixture.submit(request(1, 1, 60));
        fixture.schedule();
        fixture.submit(request(2, 1, 60));
        fixture.schedule();
        fixture.finishStep();

        assertThat(fixture.schedule()).as("plans while the other one decodes").isEmpty();
        fixture.finishStep();
        assertThat(fixture.schedule()).extracting(StepPlan::rowCount).containsExactly(2);
    }

    @Test
    void shouldNotLetAStageIdleToBringDecodesTogether() {
        var fixture = new EngineFixture(limits(), 2, 64, 64);
        fixture.submit(request(1, 1, 60));
        fixture.schedule();
        fixture.submit(request(2, 1, 60));
        fixture.submit(request(3, 1, 60));
        fixture.schedule();
        fixture.finishStep();

        assertThat(fixture.schedule()).extracting(StepPlan::rowCount).containsExactly(1);
    }

    @Test
    void shouldNotDecodeASequenceTwiceAtOnce() {
        var fixture = decoding(3, 1);

        assertThat(fixture.schedule()).hasSize(1);
        assertThat(fixture.schedule()).isEmpty();
    }

    @Test
    void shouldLetSequencesJoinAtTheNextStep() {
        var fixture = decoding(1, 2);
        fixture.submit(request(3, 5, 4));

        assertThat(fixture.schedule().getFirst().slices())
                .extracting(slice -> slice.tokens().size())
                .containsExactly(1, 1, 5);
    }

    @Test
    void shouldNeverPlanMoreRowsThanTheTokenBudget() {
        var fixture = decoding(1, 8);
        fixture.submit(request(9, 40, 4));

        assertThat(fixture.schedule().getFirst().rowCount()).isLessThanOrEqualTo(16);
    }

    @Test
    void shouldSendTheHistoryOnlyWherePenaltiesNeedIt() {
        var fixture = new EngineFixture(limits(), 1, 64, 16);
        var plain = request(1, 3, 2);
        var penalised = new Sampling(0, 0, 1, 0, 1.2f, 0, 0, 0, -1, Map.of());
        fixture.submit(plain);
        fixture.submit(new SequenceRequest(
                2, plain.prompt(), TokenIds.of(103), 4, TokenIds.EMPTY, penalised, plain.deadline(), false));

        var slices = fixture.schedule().getFirst().slices();

        assertThat(slices.get(0).choice().getFirst().history()).isEqualTo(TokenIds.EMPTY);
        assertThat(slices.get(1).choice().getFirst().history()).isEqualTo(TokenIds.of(0, 1, 2, 103));
        assertThat(slices.get(1).choice().getFirst().historyPromptCount()).isEqualTo(3);
    }

    @Test
    void shouldPreemptTheLatestArrivalAndStillGiveEveryoneItsTokens() {
        var fixture = new EngineFixture(limits(), 2, 64, 8);
        fixture.submit(request(1, 8, 20));
        fixture.submit(request(2, 8, 20));
        fixture.submit(request(3, 8, 20));

        fixture.runToTheEnd();

        assertThat(fixture.engine.status().preemptions()).isPositive();
        for (long id = 1; id <= 3; id++) {
            assertThat(fixture.tokensOf(id))
                    .isEqualTo(IntStream.range(108, 128).boxed().toList());
        }
        assertThat(fixture.engine.status().kvBlocksUsed()).isZero();
    }

    @Test
    void shouldStopLoudlyWhereAResultIsMissing() {
        var fixture = decoding(2, 4);
        var plans = fixture.schedule();

        assertThatThrownBy(() -> fixture.engine.update(EngineFixture.resultOf(plans.get(1)), 0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was expected");
    }

    @Test
    void shouldPrefillEverythingAgainAfterAReset() {
        var fixture = decoding(2, 2);
        var lost = fixture.schedule();
        fixture.inFlight.clear();

        assertThat(fixture.engine.reset(2, 64)).isEmpty();
        assertThat(fixture.engine.update(EngineFixture.resultOf(lost.getFirst()), 0))
                .isEmpty();
        assertThat(fixture.engine.status().staleResults()).isEqualTo(1);
        assertThat(fixture.engine.warm()).isFalse();

        var plans = fixture.schedule();
        assertThat(plans.getFirst().slices().getFirst().sequenceId()).isEqualTo(Engine.CANARY_ID);
        assertThat(plans.get(1).slices()).allSatisfy(slice -> {
            assertThat(slice.startPosition()).isZero();
            assertThat(slice.tokens().size()).isEqualTo(2);
        });
        fixture.finishStep();
        assertThat(fixture.engine.warm()).isTrue();
        fixture.runToTheEnd();
        assertThat(fixture.tokensOf(2))
                .isEqualTo(IntStream.range(101, 161).boxed().toList());
    }

    @Test
    void shouldKnowForHowLongThePipelineHasBeenSilent() {
        var fixture = decoding(2, 2);
        assertThat(fixture.engine.silentNs(500)).isZero();
        fixture.nowNs = 1_000;
        fixture.schedule();
        fixture.nowNs = 4_000;
        assertThat(fixture.engine.silentNs(fixture.nowNs)).isEqualTo(3_000);
        fixture.finishStep();

        assertThat(fixture.engine.silentNs(4_500)).isEqualTo(500);
    }

    @Test
    void shouldRefuseAResultForOtherSequences() {
        var fixture = decoding(1, 1);
        var plan = fixture.schedule().getFirst();

        assertThatThrownBy(
                        () -> fixture.engine.update(new StepResult(plan.epoch(), plan.step(), List.of(), List.of()), 0))
                .isInstanceOf(IllegalStateException.class);
    }
}
