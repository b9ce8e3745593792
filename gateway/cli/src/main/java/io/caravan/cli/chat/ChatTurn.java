package io.caravan.cli.chat;

/** One message of a conversation, as the gateway takes it. */
public record ChatTurn(String role, String content) {

    /** What the person said. */
    public static ChatTurn user(String content) {
        return new ChatTurn("user", content);
    }

    /** What the model answered. */
    public static ChatTurn assistant(String content) {
        return new ChatTurn("assistant", content);
    }

    /** What the model is told before the conversation. */
    public static ChatTurn system(String content) {
        return new ChatTurn("system", content);
    }
}
