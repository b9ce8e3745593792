package io.caravan.proto.actor;

import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.Precision;

/**
 * What a stage is to be.
 *
 * @param worker address of the worker that placement chose; a stage that finds itself elsewhere says so and loads nothing
 * @param epoch of the placement
 * @param kvBlockCount blocks in the stage's KV pool, the same for all stages of a pipeline
 * @param kvBlockTokens tokens that one block holds
 * @param maxRows most rows of one step plan: the scheduler's token budget, for which the stage takes its buffers
 */
public record StageAssignment(
        StageId stage,
        int stageCount,
        LayerRange layers,
        ModelRef model,
        String worker,
        long epoch,
        int kvBlockCount,
        int kvBlockTokens,
        Precision precision,
        int maxRows) {

    public StageAssignment {
        if (stage.index() >= stageCount || kvBlockCount < 1 || kvBlockTokens < 1 || maxRows < 1) {
            throw new IllegalArgumentException("stage " + stage.index() + " of " + stageCount + " with " + kvBlockCount
                    + " blocks of " + kvBlockTokens + " tokens and steps of " + maxRows + " rows makes no sense");
        }
    }

    /** Whether it turns token ids into hidden states. */
    public boolean first() {
        return stage.index() == 0;
    }

    /** Whether it turns hidden states into tokens. */
    public boolean last() {
        return stage.index() == stageCount - 1;
    }
}
