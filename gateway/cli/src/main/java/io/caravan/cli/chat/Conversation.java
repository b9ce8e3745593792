package io.caravan.cli.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A conversation with a model: what was said so far, and the answer that may be on its way. */
public final class Conversation {
    private final GatewayClient client;
    private final String model;
    private final String system;
    private final List<ChatTurn> turns = new ArrayList<>();
    private volatile List<AnswerStream> answering = List.of();

    /** {@code system} is told to the model before all else; empty for nothing. */
    public Conversation(GatewayClient client, String model, String system) {
        this.client = client;
        this.model = model;
        this.system = system;
        forget();
    }

    /** Says {@code text} and hands over the answer piece by piece. What was heard before a cancellation is kept. */
    public void say(String text, Consumer<String> piece) {
        turns.add(ChatTurn.user(text));
        var heard = new StringBuilder();
        try (AnswerStream answer = client.answer(model, turns)) {
            answering = List.of(answer);
            answer.read(part -> {
                heard.append(part);
                piece.accept(part);
            });
        } finally {
            answering = List.of();
            if (heard.isEmpty()) {
                turns.removeLast();
            } else {
                turns.add(ChatTurn.assistant(heard.toString()));
            }
        }
    }

    /** Stops the answer that is on its way; tells whether there was one. Called from any thread. */
    public boolean cancelAnswer() {
        var now = answering;
        now.forEach(AnswerStream::close);
        return !now.isEmpty();
    }

    /** Begins anew. */
    public void forget() {
        turns.clear();
        if (!system.isEmpty()) {
            turns.add(ChatTurn.system(system));
        }
    }
}
