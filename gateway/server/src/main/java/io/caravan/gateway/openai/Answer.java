package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.gateway.generation.GenerationEvent.End;
import io.caravan.proto.sequence.TokenChoice;
import java.util.List;

/**
 * What is the same in every part of one answer, and the parts' shapes, which differ between chats and completions.
 *
 * @param created seconds since 1970
 */
record Answer(Kind kind, String id, long created, String model, Wish wish, Logprobs logprobs) {

    /** The two kinds of completion. */
    enum Kind {
        CHAT("chatcmpl-", "chat.completion", "chat.completion.chunk"),
        TEXT("cmpl-", "text_completion", "text_completion");

        private final String idPrefix;
        private final String object;
        private final String chunkObject;

        Kind(String idPrefix, String object, String chunkObject) {
            this.idPrefix = idPrefix;
            this.object = object;
            this.chunkObject = chunkObject;
        }

        String idPrefix() {
            return idPrefix;
        }
    }

    /** A part of a choice, or the whole of it. */
    record Part(int index, String text, List<TokenChoice> tokens) {
        Part {
            tokens = List.copyOf(tokens);
        }
    }

    /** An answer's outermost object, without choices. */
    ObjectNode envelope(boolean chunk) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("id", id);
        root.put("object", chunk ? kind.chunkObject : kind.object);
        root.put("created", created);
        root.put("model", model);
        return root;
    }

    /** The first chunk of a chat's choice. */
    ObjectNode role(int index) {
        ObjectNode root = envelope(true);
        ObjectNode choice = root.putArray("choices").addObject();
        choice.put("index", index);
        choice.putObject("delta").put("role", "assistant").put("content", "");
        choice.putNull("logprobs");
        choice.putNull("finish_reason");
        return root;
    }

    /** A chunk with more of a choice. */
    ObjectNode delta(Part part, int textOffset) {
        ObjectNode root = envelope(true);
        ObjectNode choice = root.putArray("choices").addObject();
        choice.put("index", part.index());
        switch (kind) {
            case CHAT -> choice.putObject("delta").put("content", part.text());
            case TEXT -> choice.put("text", part.text());
        }
        putLogprobs(choice, part, textOffset);
        choice.putNull("finish_reason");
        putTokenIds(choice, part);
        return root;
    }

    /** The last chunk of a choice. */
    ObjectNode end(int index, End end) {
        ObjectNode root = envelope(true);
        ObjectNode choice = root.putArray("choices").addObject();
        choice.put("index", index);
        switch (kind) {
            case CHAT -> choice.putObject("delta");
            case TEXT -> choice.put("text", "");
        }
        choice.putNull("logprobs");
        choice.put("finish_reason", reason(end));
        return root;
    }

    /** A whole choice. */
    ObjectNode whole(Part part, End end) {
        ObjectNode choice = JsonNodeFactory.instance.objectNode();
        choice.put("index", part.index());
        switch (kind) {
            case CHAT ->
                choice.putObject("message")
                        .put("role", "assistant")
                        .put("content", part.text())
                        .putNull("refusal");
            case TEXT -> choice.put("text", part.text());
        }
        putLogprobs(choice, part, wish.form().echo(part.index()).length());
        choice.put("finish_reason", reason(end));
        putTokenIds(choice, part);
        if (wish.form().tokenIds()) {
            wish.prompt(part.index()).stream().forEach(choice.putArray("prompt_token_ids")::add);
        }
        return choice;
    }

    /** What was counted. */
    static ObjectNode usage(int promptTokens, int completionTokens) {
        ObjectNode usage = JsonNodeFactory.instance.objectNode();
        usage.put("prompt_tokens", promptTokens);
        usage.put("completion_tokens", completionTokens);
        usage.put("total_tokens", promptTokens + completionTokens);
        return usage;
    }

    private void putLogprobs(ObjectNode choice, Part part, int textOffset) {
        if (!wish.form().logprobs()) {
            choice.putNull("logprobs");
            return;
        }
        choice.set(
                "logprobs",
                switch (kind) {
                    case CHAT -> logprobs.chat(part.tokens());
                    case TEXT -> logprobs.completion(part.tokens(), textOffset);
                });
    }

    private void putTokenIds(ObjectNode choice, Part part) {
        if (wish.form().tokenIds()) {
            var ids = choice.putArray("token_ids");
            part.tokens().forEach(token -> ids.add(token.token()));
        }
    }

    private static String reason(End end) {
        return switch (end) {
            case STOP -> "stop";
            case LENGTH -> "length";
        };
    }
}
