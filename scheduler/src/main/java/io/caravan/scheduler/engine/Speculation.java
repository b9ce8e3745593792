package io.caravan.scheduler.engine;

import io.caravan.proto.draft.Drafter;

/**
 * Speculative decoding: who drafts, and how much of it a step plan takes.
 *
 * @param maxDraftTokens most drafted tokens of one sequence in a plan; 0 with {@link #OFF} only
 * @param maxRows a plan's decodes and drafted tokens together are at most so many rows, so that a plan that is full of
 *     decodes drafts nothing
 */
public record Speculation(Drafter drafter, int maxDraftTokens, int maxRows) {

    /** One token a step. */
    public static final Speculation OFF = new Speculation(Drafter.NONE, 0, 0);

    public Speculation {
        if (drafter != Drafter.NONE && (maxDraftTokens < 1 || maxRows < 2)) {
            throw new IllegalArgumentException("speculation needs draft-tokens >= 1 and draft-rows >= 2, not "
                    + maxDraftTokens + " and " + maxRows);
        }
    }

    /** Most drafted tokens of each of {@code decodeCount} sequences that decode in one plan. */
    int draftTokens(int decodeCount, int tokenBudget) {
        int rows = Math.min(maxRows, tokenBudget);
        return decodeCount == 0 ? 0 : Math.clamp((rows - decodeCount) / decodeCount, 0, maxDraftTokens);
    }
}
