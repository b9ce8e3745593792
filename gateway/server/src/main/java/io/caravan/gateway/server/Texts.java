package io.caravan.gateway.server;

import io.caravan.gateway.health.PipelineMonitor;
import io.caravan.gateway.memory.MemoryBudget;
import io.caravan.gateway.tokenizer.BoundedTokenizer;
import io.caravan.gateway.tokenizer.ServedModel;

/**
 * What texts become tokens with, and the memory that all of them have together.
 *
 * @param model for what is to be generated from: nothing beyond the context becomes tokens
 * @param counting for those who want to know a text's tokens, or how many there are
 */
record Texts(ServedModel model, ServedModel counting, MemoryBudget memory) {
    /** A text's tokens are at most this part of the largest claim, in units of what one takes. */
    private static final int BYTES_PER_COUNTED_TOKEN = 400;

    static Texts of(GatewaySettings settings, ServedModel served, PipelineMonitor monitor) {
        var memory = MemoryBudget.ofHeap(settings.memory());
        int positions = served.spec().maxPositions();
        int counted = (int) Math.min(Integer.MAX_VALUE, memory.largestClaim() / BYTES_PER_COUNTED_TOKEN);
        return new Texts(
                served.with(new BoundedTokenizer(served.tokenizer(), () -> monitor.contextTokens(positions), memory)),
                served.with(new BoundedTokenizer(served.tokenizer(), () -> Math.max(positions, counted), memory)),
                memory);
    }
}
