package io.caravan.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.actor.SequenceEvent.Refusal;
import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A sequence that cannot be computed ends alone. */
class EngineFaultTest {
    private static final int BLOCKS = 64;

    private final EngineFixture fixture = new EngineFixture(EngineFixture.limits(), 2, 100, BLOCKS);
    private long epoch = 1;

    @Test
    void shouldRefuseTokensThatTheModelDoesNotHave() {
        int unknown = EngineFixture.VOCAB_SIZE;
        assertThat(fixture.submit(request(TokenIds.of(1, unknown), TokenIds.EMPTY)))
                .singleElement()
                .isInstanceOfSatisfying(SequenceEvent.Refused.class, refused -> {
                    assertThat(refused.refusal()).isEqualTo(Refusal.INVALID);
                    assertThat(refused.message())
                            .contains("token 10000 at index 1 of the prompt", "vocabulary of 10000");
                });
        assertThat(fixture.submit(request(TokenIds.of(1), TokenIds.of(2, 3, unknown))))
                .singleElement()
                .isInstanceOfSatisfying(
                        SequenceEvent.Refused.class,
                        refused -> assertThat(refused.message()).contains("index 2 of the completion"));
        assertThat(fixture.submit(request(TokenIds.of(unknown - 1), TokenIds.EMPTY)))
                .containsExactly(new SequenceEvent.Accepted(9));
    }

    private static SequenceRequest request(TokenIds prompt, TokenIds completion) {
        return new SequenceRequest(
                9, prompt, completion, 8, TokenIds.EMPTY, Sampling.GREEDY, Duration.ofSeconds(60), false);
    }

    @Test
    void shouldEndASequenceThatAStageCouldNotComputeAndGoOnWithTheOthers() {
        IntStream.rangeClosed(1, 3).forEach(id -> fixture.submit(EngineFixture.request(id, 1, 4)));
        StepPlan plan = fixture.schedule().getFirst();
        assertThat(plan.slices()).hasSize(3);

        var events = returned(plan, new SequenceFault(2, "the logits are not numbers"));

        assertThat(events)
                .contains(new SequenceEvent.Refused(
                        2, Refusal.FAILED, "the model cannot compute this request: the logits are not numbers"));
        fixture.inFlight.remove();
        fixture.runToTheEnd();
        assertThat(fixture.tokensOf(1)).hasSize(4);
        assertThat(fixture.tokensOf(3)).hasSize(4);
        assertThat(fixture.tokensOf(2)).isEmpty();
        assertThat(fixture.engine.pool().freeCount()).isEqualTo(BLOCKS);
        assertThat(fixture.submit(EngineFixture.request(2, 1, 4)))
                .as("asked again, it is not computed again")
                .hasSize(2)
                .last()
                .isInstanceOf(SequenceEvent.Refused.class);
    }

    @Test
    void shouldEndASequenceWhosePromptFailsBeforeItsLastChunk() {
        fixture.submit(EngineFixture.request(1, 40, 4));
        StepPlan chunk = fixture.schedule().getFirst();
        assertThat(chunk.slices().getFirst().choice()).isEmpty();

        assertThat(returned(chunk, new SequenceFault(1, "unfit"))).hasSize(1);
        assertThat(fixture.engine.status().running()).isZero();
        fixture.inFlight.remove();
        while (!fixture.inFlight.isEmpty()) {
            assertThat(fixture.engine.update(
                            new StepResult(1, fixture.inFlight.remove().step(), List.of(), List.of()), 0))
                    .isEmpty();
        }
    }

    @Test
    void shouldNotTakeAResultThatLacksATokenWithoutAFault() {
        fixture.submit(EngineFixture.request(1, 3, 4));
        StepPlan plan = fixture.schedule().getFirst();
        var other = List.of(new SequenceFault(2, "of another"));

        assertThatThrownBy(() -> fixture.engine.update(new StepResult(1, plan.step(), List.of(), other, List.of()), 0))
                .isInstanceOf(IllegalStateException.class);
    }

    /** The result of a plan in which one sequence failed. */
    private List<SequenceEvent> returned(StepPlan plan, SequenceFault fault) {
        StepResult rest = EngineFixture.resultOf(plan.without(List.of(fault)));
        var events = fixture.engine.update(
                new StepResult(plan.epoch(), plan.step(), rest.tokens(), List.of(fault), List.of()), 0);
        fixture.events.addAll(events);
        return events;
    }

    @Test
    void shouldFindOutWhoBreaksAStageAndEndThatSequenceAlone() {
        IntStream.rangeClosed(1, 5).forEach(id -> fixture.submit(EngineFixture.request(id, 1, 6)));
        int breakdowns = runWhile(4);

        assertThat(breakdowns).isEqualTo(Engine.MAX_BREAKDOWNS);
        assertThat(fixture.events)
                .filteredOn(SequenceEvent.Refused.class::isInstance)
                .singleElement()
                .isInstanceOfSatisfying(SequenceEvent.Refused.class, refused -> {
                    assertThat(refused.sequenceId()).isEqualTo(4);
                    assertThat(refused.refusal()).isEqualTo(Refusal.FAILED);
                    assertThat(refused.message()).contains("broke down over it 2 times");
                });
        for (long id : new long[] {1, 2, 3, 5}) {
            assertThat(fixture.events).contains(new SequenceEvent.Finished(id, FinishReason.LENGTH, 6));
        }
        assertThat(fixture.engine.pool().freeCount()).isEqualTo(BLOCKS);
    }

    @Test
    void shouldEndASequenceThatWasAloneBothTimes() {
        fixture.submit(EngineFixture.request(4, 3, 6));
        assertThat(runWhile(4)).isEqualTo(Engine.MAX_BREAKDOWNS);
    }

    @Test
    void shouldBatchAgainOnceTheSuspectsHavePassed() {
        IntStream.rangeClosed(1, 3).forEach(id -> fixture.submit(EngineFixture.request(id, 1, 6)));
        StepPlan together = fixture.schedule().getFirst();
        assertThat(fixture.engine.accuse(together.epoch(), together.step())).isEmpty();
        restart();
        fixture.submit(EngineFixture.request(9, 1, 6));

        var sizes = new ArrayList<Integer>();
        do {
            fixture.schedule().forEach(plan -> sizes.add(plan.slices().size()));
            fixture.finishStep();
        } while (!fixture.inFlight.isEmpty() || fixture.engine.status().running() > 0);

        assertThat(sizes.subList(0, 3)).containsOnly(1);
        assertThat(sizes.subList(3, sizes.size())).contains(2);
        assertThat(fixture.tokensOf(1))
                .isEqualTo(IntStream.range(101, 107).boxed().toList());
    }

    @Test
    void shouldNotBelieveAnAccusationOfAnotherEpochOrStep() {
        fixture.submit(EngineFixture.request(1, 3, 6));
        StepPlan plan = fixture.schedule().getFirst();
        for (int i = 0; i < 3; i++) {
            assertThat(fixture.engine.accuse(plan.epoch() + 1, plan.step())).isEmpty();
            assertThat(fixture.engine.accuse(plan.epoch(), plan.step() + 7)).isEmpty();
        }
        fixture.runToTheEnd();
        assertThat(fixture.tokensOf(1)).hasSize(6);
    }

    /** Runs to the end; a stage breaks down over each step with {@code breaker}. Says how often that was. */
    private int runWhile(long breaker) {
        int breakdowns = 0;
        for (int round = 0; round < 1_000; round++) {
            fixture.schedule();
            if (fixture.inFlight.isEmpty()) {
                return breakdowns;
            }
            StepPlan oldest = fixture.inFlight.element();
            if (oldest.slices().stream().mapToLong(SequenceSlice::sequenceId).anyMatch(id -> id == breaker)) {
                fixture.events.addAll(fixture.engine.accuse(oldest.epoch(), oldest.step()));
                restart();
                breakdowns++;
            } else {
                fixture.finishStep();
            }
        }
        throw new AssertionError("it does not end");
    }

    private void restart() {
        fixture.inFlight.clear();
        fixture.engine.suspend("a stage failed");
        fixture.engine.reset(++epoch, BLOCKS);
        StepPlan canary = fixture.engine.schedule(0).orElseThrow();
        fixture.engine.update(EngineFixture.resultOf(canary), 0);
    }
}
