package io.caravan.gateway.tokenizer;

import java.util.List;
import java.util.Optional;

/** A chat that says nothing, rendered to see what a template writes around its turns. */
final class SampleChat {
    static final String QUESTION = "Where does the caravan go";
    static final String ANSWER = "It goes over the dunes";
    private static final String INSTRUCTION = "Speak of camels";

    private static final ChatMessage SYSTEM = new ChatMessage("system", INSTRUCTION);
    private static final ChatMessage USER = new ChatMessage("user", QUESTION);
    private static final ChatMessage ASSISTANT = new ChatMessage("assistant", ANSWER);

    private SampleChat() {}

    /** A question, its answer, and the question again; empty where the template refuses. */
    static String asked(ServedModel.ChatPrompt prompt) {
        return rendered(prompt, USER, ASSISTANT, USER).orElse("");
    }

    /** A question and its answer; empty where the template refuses. */
    static String answered(ServedModel.ChatPrompt prompt) {
        return rendered(prompt, USER, ASSISTANT).orElse("");
    }

    /** What the template writes around turns of each kind that it knows. */
    static String around(ServedModel.ChatPrompt prompt) {
        return rendered(prompt, SYSTEM, USER, ASSISTANT, USER)
                .orElseGet(() -> asked(prompt))
                .replace(INSTRUCTION, " ")
                .replace(QUESTION, " ")
                .replace(ANSWER, " ");
    }

    private static Optional<String> rendered(ServedModel.ChatPrompt prompt, ChatMessage... messages) {
        try {
            return Optional.of(prompt.render(List.of(messages), false));
        } catch (RuntimeException refused) {
            // a template that refuses this chat, or fails, may serve others, and says why when it does not
            return Optional.empty();
        }
    }
}
