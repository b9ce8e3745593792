package io.caravan.proto.sequence;

import java.util.Map;

/**
 * How the next token is chosen from the logits.
 *
 * <p>The order is fixed: logit bias, repetition, presence and frequency penalties, temperature, top-k, top-p, min-p, then
 * a draw from a counter-based generator keyed by (seed, position), so that a sequence computed again draws the same
 * tokens.
 *
 * @param temperature 0 chooses the most likely token
 * @param topK 0 keeps all
 * @param topP 1 keeps all
 * @param minP 0 keeps all
 * @param repetitionPenalty 1 is none (Keskar et al. 2019); counts prompt and completion
 * @param presencePenalty 0 is none; counts the completion only, as OpenAI's does
 * @param frequencyPenalty 0 is none; counts the completion only, as OpenAI's does
 * @param topLogprobs how many alternatives to report for each token; -1 reports no log-probabilities at all
 * @param logitBias added to the logits of the named tokens
 */
public record Sampling(
        float temperature,
        int topK,
        float topP,
        float minP,
        float repetitionPenalty,
        float presencePenalty,
        float frequencyPenalty,
        long seed,
        int topLogprobs,
        Map<Integer, Float> logitBias) {

    /** Most alternatives that are reported for a token. */
    public static final int MAX_TOP_LOGPROBS = 20;

    /** Most tokens that a request may bias. */
    public static final int MAX_LOGIT_BIAS_COUNT = 1024;

    /** The most likely token each time. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0, 1, 0, 0, 0, -1, Map.of());

    public Sampling {
        require(temperature >= 0 && temperature <= 100, "temperature", "between 0 and 100", temperature);
        require(topK >= 0, "top_k", "at least 0", topK);
        require(topP > 0 && topP <= 1, "top_p", "above 0 and at most 1", topP);
        require(minP >= 0 && minP <= 1, "min_p", "between 0 and 1", minP);
        require(
                repetitionPenalty > 0 && repetitionPenalty <= 100,
                "repetition_penalty",
                "above 0 and at most 100",
                repetitionPenalty);
        require(presencePenalty >= -2 && presencePenalty <= 2, "presence_penalty", "between -2 and 2", presencePenalty);
        require(
                frequencyPenalty >= -2 && frequencyPenalty <= 2,
                "frequency_penalty",
                "between -2 and 2",
                frequencyPenalty);
        require(
                topLogprobs >= -1 && topLogprobs <= MAX_TOP_LOGPROBS,
                "top_logprobs",
                "between 0 and " + MAX_TOP_LOGPROBS,
                topLogprobs);
        require(
                logitBias.size() <= MAX_LOGIT_BIAS_COUNT,
                "logit_bias",
                "at most " + MAX_LOGIT_BIAS_COUNT + " tokens",
                logitBias.size());
        logitBias.forEach((token, bias) -> {
            require(token >= 0, "logit_bias", "of tokens that are not negative", token);
            require(Float.isFinite(bias), "logit_bias", "finite", bias);
        });
        logitBias = Map.copyOf(logitBias);
    }

    /** Whether the choice depends on the tokens before it, so that they have to travel with the step plan. */
    public boolean needsHistory() {
        return repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0;
    }

    private static void require(boolean holds, String what, String range, Object value) {
        if (!holds) {
            throw new IllegalArgumentException(what + " must be " + range + ", not " + value);
        }
    }
}
