package io.caravan.scheduler.engine;

import static io.caravan.scheduler.engine.EngineFixture.limits;
import static io.caravan.scheduler.engine.EngineFixture.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.actor.SequenceEvent.Refusal;
import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class EngineSubmitTest {
    private final EngineFixture fixture = new EngineFixture(limits(), 2, 32, 16);

    @Test
    void shouldRefuseAPromptThatTheContextDoesNotHold() {
        assertThat(fixture.submit(request(1, 33, 4)))
                .containsExactly(new SequenceEvent.Refused(
                        1, Refusal.INVALID, "the prompt has 33 tokens, the context holds 32"));
    }

    @Test
    void shouldRefuseAPromptThatAllBlocksTogetherDoNotHold() {
        var small = new EngineFixture(limits(), 2, 32, 5);

        assertThat(small.submit(request(1, 21, 4)))
                .singleElement()
                .isInstanceOfSatisfying(
                        SequenceEvent.Refused.class,
                        refused -> assertThat(refused.message())
                                .contains("21 tokens")
                                .contains("together hold 20"));
    }

    @Test
    void shouldRefuseWhenTheWaitingQueueIsFull() {
        for (int id = 1; id <= 8; id++) {
            fixture.submit(request(id, 2, 4));
        }

        assertThat(fixture.submit(request(9, 2, 4)))
                .singleElement()
                .isInstanceOfSatisfying(
                        SequenceEvent.Refused.class,
                        refused -> assertThat(refused.refusal()).isEqualTo(Refusal.OVERLOADED));
    }

    @Test
    void shouldRepeatCommittedTokensToWhoSubmitsAgain() {
        fixture.submit(request(1, 3, 10));
        for (int i = 0; i < 3; i++) {
            fixture.schedule();
            fixture.finishStep();
        }

        var again = fixture.submit(request(1, 3, 10).continuedBy(TokenIds.of(103)));

        assertThat(again.getFirst()).isEqualTo(new SequenceEvent.Accepted(1));
        assertThat(((SequenceEvent.Tokens) again.get(1)).tokens())
                .extracting(choice -> choice.token())
                .containsExactly(104, 105);
        assertThat(again).hasSize(2);
    }

    @Test
    void shouldAnswerTheEndAgainToWhoSubmitsAfterIt() {
        fixture.submit(request(1, 3, 2));
        fixture.runToTheEnd();
        long stepsBefore = fixture.engine.status().stepCount();

        var again = fixture.submit(request(1, 3, 2));
        fixture.runToTheEnd();

        assertThat(again).hasSize(3);
        assertThat(again.getLast()).isEqualTo(new SequenceEvent.Finished(1, FinishReason.LENGTH, 2));
        assertThat(fixture.engine.status().stepCount()).isEqualTo(stepsBefore);
    }

    @Test
    void shouldForgetTheOldestFinishedSequencesBeyondTheLimit() {
        for (int id = 1; id <= 5; id++) {
            fixture.submit(request(id, 3, 1));
            fixture.runToTheEnd();
        }

        assertThat(fixture.submit(request(2, 3, 1))).hasSize(3);
        assertThat(fixture.submit(request(1, 3, 1))).containsExactly(new SequenceEvent.Accepted(1));
    }

    @Test
    void shouldGoOnAfterTheCompletionThatAFailoverBrings() {
        fixture.submit(request(1, 3, 5).continuedBy(TokenIds.of(103, 104)));
        fixture.runToTheEnd();

        assertThat(fixture.tokensOf(1)).containsExactly(105, 106, 107);
        assertThat(fixture.events.getLast()).isEqualTo(new SequenceEvent.Finished(1, FinishReason.LENGTH, 5));
    }

    @Test
    void shouldEndAtOnceWhatIsWholeAlready() {
        assertThat(fixture.submit(request(1, 3, 2).continuedBy(TokenIds.of(103, 104))))
                .containsExactly(new SequenceEvent.Accepted(1), new SequenceEvent.Finished(1, FinishReason.LENGTH, 2));
    }

    @Test
    void shouldEndWithTheEndTokenInTheCompletion() {
        var plain = request(1, 9, 20);
        fixture.submit(new SequenceRequest(
                1,
                plain.prompt(),
                TokenIds.EMPTY,
                20,
                TokenIds.of(EngineFixture.END_TOKEN),
                plain.sampling(),
                plain.deadline(),
                false));
        fixture.runToTheEnd();

        assertThat(fixture.tokensOf(1)).containsExactly(109, 110, 111);
        assertThat(fixture.events.getLast()).isEqualTo(new SequenceEvent.Finished(1, FinishReason.STOP, 3));
    }

    @Test
    void shouldEndWhereTheContextEnds() {
        fixture.submit(request(1, 30, 20));
        fixture.runToTheEnd();

        assertThat(fixture.events.getLast()).isEqualTo(new SequenceEvent.Finished(1, FinishReason.LENGTH, 2));
    }

    @Test
    void shouldEndAtTheDeadlineAndGiveBlocksBack() {
        fixture.submit(request(1, 3, 20));
        fixture.schedule();
        fixture.nowNs = Duration.ofSeconds(60).toNanos() - 1;
        assertThat(fixture.engine.expire(fixture.nowNs)).isEmpty();

        fixture.nowNs++;

        assertThat(fixture.engine.expire(fixture.nowNs))
                .containsExactly(new SequenceEvent.Finished(1, FinishReason.DEADLINE, 0));
        assertThat(fixture.engine.status().kvBlocksUsed()).isZero();
        assertThat(fixture.finishStep()).isEmpty();
    }

    @Test
    void shouldSayWhyNothingRanWhereTheDeadlinePassesWhileSuspended() {
        fixture.engine.suspend("stage 1 of 2 has no worker with room");
        fixture.submit(request(1, 3, 20));

        assertThat(fixture.schedule()).isEmpty();
        assertThat(fixture.engine.expire(Duration.ofSeconds(61).toNanos()))
                .containsExactly(
                        new SequenceEvent.Refused(1, Refusal.UNAVAILABLE, "stage 1 of 2 has no worker with room"));
    }

    @Test
    void shouldGiveBlocksBackAtOnceWhenCancelled() {
        fixture.submit(request(1, 8, 20));
        fixture.schedule();
        assertThat(fixture.engine.status().kvBlocksUsed()).isEqualTo(2);

        assertThat(fixture.engine.cancel(1))
                .isEqualTo(List.of(new SequenceEvent.Finished(1, FinishReason.CANCELLED, 0)));

        assertThat(fixture.engine.status().kvBlocksUsed()).isZero();
        assertThat(fixture.finishStep()).isEmpty();
        assertThat(fixture.engine.cancel(1)).isEmpty();
    }
}
