package io.caravan.gateway.generation;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.gateway.FakeScheduler;
import io.caravan.gateway.TinyChat;
import io.caravan.gateway.tokenizer.Tokenizer;
import io.caravan.proto.actor.SequenceEvent.Refusal;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.stream.testkit.javadsl.TestSink;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GenerationActorTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final Tokenizer TOKENIZER = TinyChat.open().tokenizer();
    private static final String TEXT = "Seven and five make twelve, é 🦙 so twelve llamas walk now.";
    private static final TokenIds ANSWER = TOKENIZER.encode(TEXT, false).concat(TokenIds.of(2));
    private static final long PATIENCE_SECONDS = 10;

    private final FakeScheduler.Script script = new FakeScheduler.Script();

    @BeforeEach
    void tellTheAnswer() {
        script.completion = request -> ANSWER;
    }

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    @Test
    void shouldTellTheTextAndHowItEnded() {
        List<GenerationEvent> events = run(request(100));

        assertThat(text(events)).isEqualTo(TEXT);
        assertThat(events.getLast())
                .isEqualTo(new GenerationEvent.Finished(GenerationEvent.End.STOP, 3, ANSWER.size()));
    }

    @Test
    void shouldEndAtTheMostTokens() {
        List<GenerationEvent> events = run(request(4));

        assertThat(text(events)).isEqualTo(TOKENIZER.decode(ANSWER.slice(0, 4)));
        assertThat(events.getLast()).isEqualTo(new GenerationEvent.Finished(GenerationEvent.End.LENGTH, 3, 4));
    }

    @Test
    void shouldDropWhatIsToldTwice() {
        script.repeats = true;

        assertThat(tokens(run(request(100)))).isEqualTo(ANSWER);
    }

    @Test
    void shouldAskAgainForWhatWasLost() {
        script.lostIndex = 5;

        assertThat(tokens(run(request(100)))).isEqualTo(ANSWER);
        assertThat(script.submitted).hasSizeGreaterThan(1);
        assertThat(script.submitted.stream().skip(1).map(SequenceRequest::completion))
                .contains(ANSWER.slice(0, 5));
    }

    @Test
    void shouldAskAgainForALostLastToken() {
        script.lostIndex = ANSWER.size() - 1;

        assertThat(tokens(run(request(100)))).isEqualTo(ANSWER);
    }

    @Test
    void shouldSubmitAgainAfterSilence() {
        script.deafOnce = true;

        assertThat(tokens(run(request(100)))).isEqualTo(ANSWER);
        assertThat(script.submitted).hasSize(2);
    }

    @Test
    void shouldCancelAtTheSchedulerWhenAStopStringComes() throws Exception {
        script.pause = Duration.ofMillis(2);
        List<GenerationEvent> events = run(request(100, "twelve llamas"));

        assertThat(text(events)).isEqualTo("Seven and five make twelve, é 🦙 so ");
        assertThat(events.getLast()).isInstanceOfSatisfying(GenerationEvent.Finished.class, finished -> {
            assertThat(finished.end()).isEqualTo(GenerationEvent.End.STOP);
            assertThat(finished.completionTokenCount()).isLessThan(ANSWER.size());
        });
        assertThat(script.cancelled.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(onlyId());
    }

    @Test
    void shouldPassRefusalsOn() {
        script.refusal = List.of(Refusal.OVERLOADED);

        assertThat(run(request(100)))
                .containsExactly(new GenerationEvent.Failed(GenerationEvent.Failure.OVERLOADED, script.reason));
    }

    @Test
    void shouldGiveUpAfterTheDeadlineWhenNobodyAnswers() {
        script.dead = true;
        var hurried = new GenerationRequest(
                TokenIds.of(1, 4, 16), 5, TokenIds.of(2), Sampling.GREEDY, List.of(), Duration.ofMillis(100));

        assertThat(run(hurried)).singleElement().isInstanceOfSatisfying(GenerationEvent.Failed.class, failed -> {
            assertThat(failed.failure()).isEqualTo(GenerationEvent.Failure.UNAVAILABLE);
            assertThat(failed.message()).contains("no answer");
        });
    }

    @Test
    void shouldCancelWhenTheClientGoes() throws Exception {
        script.pause = Duration.ofMillis(5);
        Generations generations = generations();
        generations
                .start(request(100))
                .take(2)
                .runWith(Sink.ignore(), KIT.system())
                .toCompletableFuture()
                .join();

        assertThat(script.cancelled.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(onlyId());
    }

    @Test
    void shouldCancelAClientThatIsTooSlow() throws Exception {
        int[] many = IntStream.range(0, 400).map(i -> 300).toArray();
        script.completion = request -> TokenIds.of(many);
        // reads nothing until the cancellation was seen
        var probe = generations().start(request(400)).runWith(TestSink.create(KIT.system()), KIT.system());

        assertThat(script.cancelled.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(onlyId());
        probe.cancel();
    }

    private long onlyId() {
        assertThat(script.submitted.stream().map(SequenceRequest::id).distinct())
                .hasSize(1);
        return script.submitted.peek().id();
    }

    private List<GenerationEvent> run(GenerationRequest request) {
        Source<GenerationEvent, ?> events = generations().start(request);
        return new ArrayList<>(events.runWith(Sink.seq(), KIT.system())
                .toCompletableFuture()
                .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                .join());
    }

    private Generations generations() {
        var limits = new GenerationLimits(64, Duration.ofMillis(200), Duration.ofMillis(100));
        return new Generations(
                KIT.system(), TOKENIZER, limits, KIT.spawn(FakeScheduler.create(script)), GenerationObserver.NONE);
    }

    private static GenerationRequest request(int most, String... stops) {
        return new GenerationRequest(
                TokenIds.of(1, 4, 16),
                most,
                TokenIds.of(2),
                Sampling.GREEDY,
                List.of(stops),
                Duration.ofSeconds(PATIENCE_SECONDS));
    }

    private static String text(List<GenerationEvent> events) {
        var text = new StringBuilder();
        events.forEach(event -> {
            if (event instanceof GenerationEvent.Delta delta) {
                text.append(delta.text());
            }
        });
        return text.toString();
    }

    private static TokenIds tokens(List<GenerationEvent> events) {
        TokenIds all = TokenIds.EMPTY;
        for (GenerationEvent event : events) {
            if (event instanceof GenerationEvent.Delta delta) {
                all = all.concat(TokenIds.of(
                        delta.tokens().stream().mapToInt(each -> each.token()).toArray()));
            }
        }
        return all;
    }
}
