package io.caravan.gateway.tokenizer;

/**
 * One turn of a chat.
 *
 * @param role {@code system}, {@code user}, {@code assistant} or what else the model's template knows
 */
public record ChatMessage(String role, String content) {}
