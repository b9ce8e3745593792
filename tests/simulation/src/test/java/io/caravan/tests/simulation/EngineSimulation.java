package io.caravan.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import io.caravan.scheduler.engine.Engine;
import io.caravan.scheduler.engine.EngineLimits;
import io.caravan.scheduler.engine.Speculation;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * An engine over simulated stages, driven by one random generator: requests come, are repeated and cancelled, time passes,
 * stages run at their own pace, workers are lost. The invariants are checked after every event.
 */
final class EngineSimulation {
    private static final int EVENT_COUNT = 250;
    private static final int MAX_SUBMISSIONS = 40;
    private static final Sampling PENALISED = new Sampling(0, 0, 1, 0, 1.1f, 0, 0, 0, -1, Map.of());

    private final Random random;
    private final int stageCount;
    private final int blockTokens;
    private final int blockCount;
    private final EngineLimits limits;
    private final RandomDrafter drafter;
    private final Engine engine;
    private final Clients clients;
    private final Invariants invariants;
    private final List<SimulatedStage> stages = new ArrayList<>();
    private final ArrayDeque<StepResult> results = new ArrayDeque<>();
    private final List<StepResult> stale = new ArrayList<>();
    private boolean suspended = true;
    private long epoch;
    private long nowNs;
    private long nextId = 1;

    EngineSimulation(long seed) {
        random = new Random(seed);
        stageCount = between(1, 4);
        blockTokens = 1 << between(0, 4);
        blockCount = between(2, 40);
        limits = new EngineLimits(
                between(1, 12), between(1, 12), between(1, 48), between(1, 16), between(0, 2), between(0, 30), 1 << 10);
        int contextTokens = between(4, 96);
        drafter = new RandomDrafter(random);
        var speculation =
                random.nextInt(3) == 0 ? Speculation.OFF : new Speculation(drafter, between(1, 8), between(2, 24));
        engine = new Engine(limits, speculation, stageCount, contextTokens, TokenFunction.ALL_TOKENS, blockTokens);
        clients = new Clients(Math.min(contextTokens, blockCount * blockTokens));
        invariants = new Invariants(engine, blockCount, stageCount + limits.extraInFlight());
        for (int i = 0; i < stageCount; i++) {
            stages.add(new SimulatedStage(blockCount, blockTokens));
        }
    }

    private int between(int least, int most) {
        return least + random.nextInt(most - least + 1);
    }

    void run() {
        reset();
        for (int i = 0; i < EVENT_COUNT; i++) {
            event();
            invariants.check(clients.liveIds());
            assertThat(clients.liveIds()).as("who drafts forgets who ended").containsAll(drafter.known());
        }
        drain();
    }

    private void event() {
        nowNs += random.nextInt(1000);
        switch (random.nextInt(24)) {
            case 0, 1, 2 -> submit();
            case 3 -> submitAgain();
            case 4 -> cancel();
            case 5 -> clients.heard(engine.expire(nowNs));
            case 6 -> deliverStale();
            case 7 -> loseAWorker();
            case 8, 9, 10, 11, 12 -> scheduleOne();
            case 13, 14, 15, 16 -> deliver();
            default -> runAStage(random.nextInt(stageCount));
        }
    }

    private void submit() {
        if (nextId > MAX_SUBMISSIONS) {
            return;
        }
        var prompt = random.ints(between(1, 40), 0, TokenFunction.VOCABULARY).toArray();
        if (random.nextInt(8) == 0) {
            prompt[random.nextInt(prompt.length)] =
                    random.nextBoolean() ? TokenFunction.FAULTY_TOKEN : TokenFunction.BREAKING_TOKEN;
        }
        var request = new SequenceRequest(
                nextId++,
                TokenIds.of(prompt),
                TokenIds.EMPTY,
                between(1, 30),
                random.nextBoolean() ? TokenIds.of(TokenFunction.END_TOKEN) : TokenIds.EMPTY,
                random.nextInt(4) == 0 ? PENALISED : Sampling.GREEDY,
                random.nextInt(5) == 0 ? Duration.ofNanos(between(1, 60_000)) : Duration.ofDays(1),
                random.nextInt(8) == 0);
        clients.submitted(request, engine.submit(request, nowNs));
    }

    private void submitAgain() {
        if (nextId > 1) {
            long id = 1 + random.nextLong(nextId - 1);
            var request = clients.requestAgain(id, random);
            clients.submitted(request, engine.submit(request, nowNs));
        }
    }

    private void cancel() {
        var live = clients.liveIds();
        if (!live.isEmpty()) {
            long id = live.get(random.nextInt(live.size()));
            clients.heard(engine.cancel(id));
        }
    }

    private void scheduleOne() {
        engine.schedule(nowNs).ifPresentOrElse(this::send, () -> {
            boolean mayRun = !suspended && engine.status().inFlight() == 0 && !drafter.someoneWaits();
            assertThat(mayRun && !clients.liveIds().isEmpty())
                    .as("work waits, nothing is in flight, and nothing is planned")
                    .isFalse();
        });
    }

    private void send(StepPlan plan) {
        assertThat(suspended).isFalse();
        assertThat(plan.rowCount()).isLessThanOrEqualTo(limits.tokenBudget());
        invariants.planned(plan);
        stages.getFirst().inbox.add(plan);
    }

    private void runAStage(int index) {
        var stage = stages.get(index);
        if (!stage.inbox.isEmpty()) {
            StepPlan plan = stage.inbox.element();
            if (plan.slices().stream().anyMatch(slice -> slice.tokens().contains(TokenFunction.BREAKING_TOKEN))) {
                breakDown(plan);
                return;
            }
            StepResult result = stage.run();
            if (index + 1 < stageCount) {
                stages.get(index + 1).inbox.add(plan);
            } else {
                results.add(result);
            }
        }
    }

    private void breakDown(StepPlan plan) {
        clients.heard(engine.accuse(plan.epoch(), plan.step()));
        if (!suspended) {
            engine.suspend("stage 0 broke down, and has no worker with room");
            suspended = true;
        }
        reset();
    }

    private void deliver() {
        if (!results.isEmpty()) {
            StepResult result = results.remove();
            invariants.returned(result);
            clients.heard(engine.update(result, nowNs));
        }
    }

    private void deliverStale() {
        if (!stale.isEmpty()) {
            assertThat(engine.update(stale.removeLast(), nowNs)).isEmpty();
        }
    }

    /** Sometimes no worker has room for the lost stage at first, sometimes one takes over at once. */
    private void loseAWorker() {
        if (random.nextInt(4) != 0) {
            return;
        }
        if (!suspended) {
            engine.suspend("stage 0 of " + stageCount + " has no worker with room");
            suspended = true;
        }
        if (random.nextBoolean()) {
            reset();
        }
    }

    private void reset() {
        stale.addAll(results);
        results.clear();
        stages.forEach(stage -> stage.inbox.clear());
        stages.set(random.nextInt(stageCount), new SimulatedStage(blockCount, blockTokens));
        clients.heard(engine.reset(++epoch, blockCount));
        invariants.reset();
        suspended = false;
    }

    /** Load stops; everything that was taken has to end within a number of rounds that its tokens decide. */
    private void drain() {
        if (suspended) {
            reset();
        }
        long bound = (8 * clients.remainingTokens() + 100) * (1 + 2 * clients.poisonedCount());
        for (long round = 0; !clients.liveIds().isEmpty() || engine.status().inFlight() > 0; round++) {
            assertThat(round).as("rounds until the last sequence ended").isLessThan(bound);
            int before = engine.status().inFlight();
            do {
                before = engine.status().inFlight();
                scheduleOne();
                invariants.check(clients.liveIds());
            } while (engine.status().inFlight() > before);
            for (int i = 0; i < stageCount; i++) {
                runAStage(i);
            }
            deliver();
            invariants.check(clients.liveIds());
        }
        assertThat(engine.pool().freeCount()).isEqualTo(blockCount);
        clients.assertAllEnded();
    }
}
