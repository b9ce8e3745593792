package io.caravan.scheduler.engine;

/**
 * Every bound of the engine, by name.
 *
 * @param maxWaiting new requests are refused while so many sequences wait
 * @param maxRunning most sequences that hold blocks at once
 * @param tokenBudget most rows of one step plan
 * @param minPrefillRows prefill chunks are not throttled below this many rows
 * @param extraInFlight step plans in flight beyond one for each stage, so that stage 0 finds its next plan waiting
 * @param rememberedSequences finished sequences kept to answer a repeated submission
 * @param rememberedTokens most completion tokens that all of them keep together
 */
public record EngineLimits(
        int maxWaiting,
        int maxRunning,
        int tokenBudget,
        int minPrefillRows,
        int extraInFlight,
        int rememberedSequences,
        int rememberedTokens) {

    public EngineLimits {
        require(maxWaiting >= 1, "max-waiting", 1, maxWaiting);
        require(maxRunning >= 1, "max-running", 1, maxRunning);
        require(tokenBudget >= 1, "token-budget", 1, tokenBudget);
        require(minPrefillRows >= 1, "min-prefill-rows", 1, minPrefillRows);
        require(extraInFlight >= 0, "extra-in-flight", 0, extraInFlight);
        require(rememberedSequences >= 0, "remembered-sequences", 0, rememberedSequences);
        require(rememberedTokens >= 0, "remembered-tokens", 0, rememberedTokens);
    }

    private static void require(boolean holds, String what, int least, int value) {
        if (!holds) {
            throw new IllegalArgumentException(what + " must be at least " + least + ", not " + value);
        }
    }
}
