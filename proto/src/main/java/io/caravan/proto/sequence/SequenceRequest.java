package io.caravan.proto.sequence;

import java.time.Duration;

/**
 * A wish for the continuation of a prompt, in token ids.
 *
 * <p>It may be submitted again, by the same gateway to another scheduler, with the tokens committed so far in {@code
 * completion}: what is drawn after them is what would have been drawn anyway.
 *
 * @param id chosen at random by the gateway, unique
 * @param prompt at least one token
 * @param completion tokens already committed to the client
 * @param maxCompletionTokens most tokens of the whole completion, those of {@code completion} included
 * @param endTokens tokens that end the completion and belong to it, as the model's end of sequence does
 * @param deadline how long the whole request may take from its submission
 * @param logits whether the logits of the position before each new token are reported too
 */
public record SequenceRequest(
        long id,
        TokenIds prompt,
        TokenIds completion,
        int maxCompletionTokens,
        TokenIds endTokens,
        Sampling sampling,
        Duration deadline,
        boolean logits) {

    public SequenceRequest {
        if (prompt.isEmpty()) {
            throw new IllegalArgumentException("the prompt is empty: at least one token is needed");
        }
        if (prompt.stream().anyMatch(token -> token < 0) || completion.stream().anyMatch(token -> token < 0)) {
            throw new IllegalArgumentException("the token ids of prompt and completion must not be negative");
        }
        if (maxCompletionTokens < 1) {
            throw new IllegalArgumentException("max_tokens must be at least 1, not " + maxCompletionTokens);
        }
        if (!deadline.isPositive()) {
            throw new IllegalArgumentException("the deadline must be positive, not " + deadline);
        }
    }

    /** The same request, {@code more} tokens further on. */
    public SequenceRequest continuedBy(TokenIds more) {
        return new SequenceRequest(
                id, prompt, completion.concat(more), maxCompletionTokens, endTokens, sampling, deadline, logits);
    }
}
