package io.caravan.gateway.openai;

import java.time.Duration;

/**
 * Bounds of a request to the API.
 *
 * @param deadline how long it may take in all
 * @param maxSequences prompts times n
 * @param keepAlive pause after which a comment keeps an idle stream alive
 */
public record ApiLimits(Duration deadline, int maxSequences, int maxStopStrings, Duration keepAlive) {}
