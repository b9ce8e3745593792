package io.caravan.scheduler.engine;

/**
 * How many rows of each kind a step plan gets, so that the micro-batches in flight weigh alike and no stage waits for a
 * heavy one (token throttling, as in gLLM).
 */
final class Throttle {
    private Throttle() {}

    /** Decodes spread evenly over one micro-batch for each stage. */
    static int decodeRows(int decodingCount, int stageCount, int tokenBudget) {
        return Math.min(tokenBudget, Math.ceilDiv(decodingCount, stageCount));
    }

    /**
     * Whether decodes wait for others in flight to come back, to go with them: weights are read once for all rows of a
     * micro-batch, so that halves which follow each other take nearly twice as long as one whole. They only wait while every
     * stage has something to do.
     *
     * @param ready decodes that could go now
     * @param rows how many a micro-batch has that weighs as much as the others
     */
    static boolean decodesWait(int ready, int rows, int inFlight, int stageCount) {
        return ready < rows && inFlight >= stageCount;
    }

    /**
     * Prefill follows what waits, spread over one micro-batch for each stage, and slows down when less than half of the
     * blocks are free, so that decodes are not preempted for the sake of prompts.
     *
     * @param pendingRows tokens of prompts not scheduled yet
     */
    static int prefillRows(long pendingRows, int stageCount, int freeBlocks, int totalBlocks, EngineLimits limits) {
        long spread = Math.ceilDiv(pendingRows, (long) stageCount);
        long byFreeBlocks = 2L * limits.tokenBudget() * freeBlocks / Math.max(1, totalBlocks);
        long rows = Math.max(limits.minPrefillRows(), Math.min(spread, byFreeBlocks));
        return (int) Math.min(limits.tokenBudget(), rows);
    }
}
