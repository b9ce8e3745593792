package io.caravan.scheduler.engine;

import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** An engine and a pipeline that chooses, for position p, the token 100 + p. */
final class EngineFixture {
    static final int BLOCK_TOKENS = 4;
    static final int VOCAB_SIZE = 10_000;
    static final int END_TOKEN = 111;

    final Engine engine;
    final ArrayDeque<StepPlan> inFlight = new ArrayDeque<>();
    final List<SequenceEvent> events = new ArrayList<>();
    long nowNs;

    EngineFixture(EngineLimits limits, int stageCount, int contextTokens, int blockCount) {
        this(limits, Speculation.OFF, stageCount, contextTokens, blockCount);
    }

    EngineFixture(EngineLimits limits, Speculation speculation, int stageCount, int contextTokens, int blockCount) {
        engine = new Engine(limits, speculation, stageCount, contextTokens, VOCAB_SIZE, BLOCK_TOKENS);
        engine.reset(1, blockCount);
        StepPlan canary = engine.schedule(0).orElseThrow();
        engine.update(resultOf(canary), 0);
    }

    static EngineLimits limits() {
        return new EngineLimits(8, 8, 16, 4, 1, 4, 1000);
    }

    static SequenceRequest request(long id, int promptCount, int maxCompletionTokens) {
        var prompt = TokenIds.of(IntStream.range(0, promptCount).toArray());
        return new SequenceRequest(
                id,
                prompt,
                TokenIds.EMPTY,
                maxCompletionTokens,
                TokenIds.EMPTY,
                Sampling.GREEDY,
                Duration.ofSeconds(60),
                false);
    }

    static StepResult resultOf(StepPlan plan) {
        var chosen = plan.slices().stream()
                .filter(slice -> !slice.choice().isEmpty())
                .flatMap(EngineFixture::run)
                .toList();
        return new StepResult(plan.epoch(), plan.step(), chosen, List.of());
    }

    private static Stream<StepResult.Chosen> run(SequenceSlice slice) {
        var run = Stream.<StepResult.Chosen>builder();
        int position = slice.choicePosition();
        boolean right = true;
        while (right) {
            run.add(new StepResult.Chosen(slice.sequenceId(), TokenChoice.plain(position, 100 + position)));
            right = position < slice.endPosition()
                    && slice.tokens().get(position - slice.startPosition()) == 100 + position;
            position++;
        }
        return run.build();
    }

    List<SequenceEvent> submit(SequenceRequest request) {
        var answer = engine.submit(request, nowNs);
        events.addAll(answer);
        return answer;
    }

    /** Takes plans until there is none. */
    List<StepPlan> schedule() {
        var plans = new ArrayList<StepPlan>();
        for (var plan = engine.schedule(nowNs); plan.isPresent(); plan = engine.schedule(nowNs)) {
            plans.add(plan.get());
        }
        inFlight.addAll(plans);
        return plans;
    }

    /** Brings the oldest plan's result back. */
    List<SequenceEvent> finishStep() {
        var out = engine.update(resultOf(inFlight.remove()), nowNs);
        events.addAll(out);
        return out;
    }

    /** Runs until nothing is left to do. */
    void runToTheEnd() {
        for (int step = 0; step < 10_000; step++) {
            schedule();
            if (inFlight.isEmpty()) {
                return;
            }
            finishStep();
        }
        throw new AssertionError("it does not end: " + engine.status());
    }

    List<Integer> tokensOf(long id) {
        return events.stream()
                .filter(event -> event.sequenceId() == id)
                .mapMulti((SequenceEvent event, java.util.function.Consumer<Integer> out) -> {
                    if (event instanceof SequenceEvent.Tokens tokens) {
                        tokens.tokens().forEach(choice -> out.accept(choice.token()));
                    }
                })
                .toList();
    }
}
