package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.gateway.http.ApiException;
import io.caravan.gateway.http.JsonFields;
import io.caravan.gateway.http.Outside;
import io.caravan.gateway.tokenizer.ChatMessage;
import io.caravan.gateway.tokenizer.ChatTemplateException;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.gateway.tokenizer.TokenizerException;
import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.List;

/** The messages of a chat. */
record ChatFields(List<ChatMessage> messages, boolean addGenerationPrompt) {

    static ChatFields read(JsonFields fields) {
        fields.require("messages");
        List<ChatMessage> messages = new ArrayList<>();
        for (JsonFields each : fields.objects("messages")) {
            if (each.has("tool_calls") && !each.array("tool_calls").isEmpty()) {
                throw ApiException.invalid(each.nameOf("tool_calls"), "tool calls are not supported");
            }
            messages.add(new ChatMessage(role(each), content(each)));
        }
        if (messages.isEmpty()) {
            throw ApiException.invalid("messages", "messages must have at least one message");
        }
        return new ChatFields(messages, fields.flag("add_generation_prompt", true));
    }

    /** The chat as tokens; what the template refuses, the client sent wrong. */
    TokenIds tokens(ServedModel model) {
        try {
            return model.chatTokens(messages, addGenerationPrompt);
        } catch (ChatTemplateException | TokenizerException e) {
            throw ApiException.invalid("messages", Outside.echo(Outside.words(e.getMessage())));
        }
    }

    /** Templates write it where nothing keeps it from being read as a control token. */
    private static String role(JsonFields message) {
        return ChatMessage.role(message.text("role"))
                .orElseThrow(() -> ApiException.invalid(
                        message.nameOf("role"), message.nameOf("role") + " must be " + ChatMessage.ROLES));
    }

    /** A string, or the texts of an array of parts. */
    private static String content(JsonFields message) {
        JsonNode content = message.raw("content");
        if (!content.isArray()) {
            if (message.has("content") && !content.isTextual()) {
                throw message.wrongType("content", "a string or an array of parts", content);
            }
            return message.text("content", "");
        }
        var text = new StringBuilder();
        for (JsonFields part : message.objects("content")) {
            String type = part.text("type");
            if (!type.equals("text")) {
                throw ApiException.invalid(
                        part.nameOf("type"), "parts of type " + Outside.echo(type) + " are not supported; text is");
            }
            text.append(part.text("text"));
        }
        return text.toString();
    }
}
