package io.caravan.gateway.generation;

import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import java.time.Duration;
import java.util.List;

/**
 * A client's wish for one completion.
 *
 * @param maxCompletionTokens most tokens of the completion, at least 1
 * @param endTokens tokens that end the completion and have no text
 * @param stopStrings texts that end the completion and are not shown
 * @param deadline how long it may take in all
 */
public record GenerationRequest(
        TokenIds prompt,
        int maxCompletionTokens,
        TokenIds endTokens,
        Sampling sampling,
        List<String> stopStrings,
        Duration deadline) {
    public GenerationRequest {
        stopStrings = List.copyOf(stopStrings);
    }

    /** The same wish in the pipeline's words. */
    SequenceRequest sequence(long id) {
        return new SequenceRequest(
                id, prompt, TokenIds.EMPTY, maxCompletionTokens, endTokens, sampling, deadline, false);
    }
}
