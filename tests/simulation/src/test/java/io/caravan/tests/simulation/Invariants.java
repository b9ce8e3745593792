package io.caravan.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import io.caravan.scheduler.engine.Engine;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** What must hold after every event. */
final class Invariants {
    private final Engine engine;
    private final int blockCount;
    private final int maxInFlight;
    private final Map<Long, Long> choosingStep = new HashMap<>();

    Invariants(Engine engine, int blockCount, int maxInFlight) {
        this.engine = engine;
        this.blockCount = blockCount;
        this.maxInFlight = maxInFlight;
    }

    void check(List<Long> liveIds) {
        choosingStep.keySet().retainAll(liveIds);
        int[] owners = new int[blockCount];
        for (long id : liveIds) {
            TokenIds blocks = engine.blocksOf(id);
            for (int i = 0; i < blocks.size(); i++) {
                owners[blocks.get(i)]++;
            }
        }
        var pool = engine.pool();
        int used = 0;
        for (int block = 0; block < blockCount; block++) {
            if (owners[block] > 1 || pool.referenceCount(block) != owners[block]) {
                throw new AssertionError("block " + block + " has " + owners[block] + " owners and is counted "
                        + pool.referenceCount(block) + " times");
            }
            used += Math.min(1, owners[block]);
        }
        var status = engine.status();
        assertThat(pool.usedCount()).isEqualTo(used);
        assertThat(pool.freeCount() + used).isEqualTo(pool.total()).isEqualTo(blockCount);
        assertThat(status.inFlight()).isLessThanOrEqualTo(maxInFlight);
        assertThat(status.waiting() + status.running()).isEqualTo(liveIds.size());
    }

    void planned(StepPlan plan) {
        var seen = new HashSet<Long>();
        for (SequenceSlice slice : plan.slices()) {
            long id = slice.sequenceId();
            assertThat(seen.add(id)).as("a sequence appears once in a plan").isTrue();
            assertThat(choosingStep)
                    .as("the next token of %s is chosen already", id)
                    .doesNotContainKey(id);
            if (!slice.choice().isEmpty()) {
                choosingStep.put(id, plan.step());
            }
        }
    }

    void returned(StepResult result) {
        for (var chosen : result.tokens()) {
            choosingStep.remove(chosen.sequenceId(), result.step());
        }
    }

    void reset() {
        choosingStep.clear();
    }
}
