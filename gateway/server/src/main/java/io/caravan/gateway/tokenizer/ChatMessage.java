package io.caravan.gateway.tokenizer;

import java.util.Optional;

/**
 * One turn of a chat.
 *
 * @param role as {@link #role} gives it, or what else the model's template knows
 */
public record ChatMessage(String role, String content) {
    /** What a client may say, for people. */
    public static final String ROLES = "system, developer, user, assistant or tool";

    /** The role that templates know a client's word by; empty where there is none. */
    public static Optional<String> role(String word) {
        return switch (word) {
            case "system", "user", "assistant", "tool" -> Optional.of(word);
            case "developer" -> Optional.of("system"); // OpenAI's newer name, which no template knows
            default -> Optional.empty();
        };
    }
}
