package io.caravan.scheduler.engine;

/**
 * Counts of an engine at one moment.
 *
 * @param maxSequenceTokens longest sequence that is taken
 * @param promptTokens of sequences whose first token was committed
 * @param completionTokens committed
 * @param draftedTokens verified by steps that came back
 * @param acceptedTokens of these that were right
 * @param staleResults results of earlier epochs, which were dropped
 */
public record EngineStatus(
        long epoch,
        int waiting,
        int running,
        int inFlight,
        int kvBlocksUsed,
        int kvBlocksTotal,
        int maxSequenceTokens,
        long preemptions,
        long stepCount,
        long promptTokens,
        long completionTokens,
        long draftedTokens,
        long acceptedTokens,
        long staleResults) {}
