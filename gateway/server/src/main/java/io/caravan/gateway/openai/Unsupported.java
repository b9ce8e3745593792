package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.gateway.http.ApiException;
import io.caravan.gateway.http.JsonFields;
import io.caravan.gateway.http.Outside;
import java.util.List;

/** Refuses what would change an answer and is not done here: silence would be taken for consent. */
final class Unsupported {
    private static final List<String> FIELDS = List.of(
            "tools",
            "functions",
            "function_call",
            "audio",
            "suffix",
            "use_beam_search",
            "min_tokens",
            "guided_json",
            "guided_regex",
            "guided_choice",
            "guided_grammar",
            "structured_outputs",
            "prompt_embeds",
            "truncate_prompt_tokens",
            "continue_final_message",
            "bad_words",
            "allowed_token_ids",
            "logits_processors");

    private Unsupported() {}

    static void refuse(JsonFields fields) {
        for (String name : FIELDS) {
            if (asksForSomething(fields.raw(name))) {
                throw unsupported(name, name + " is not supported");
            }
        }
        String choice = fields.raw("tool_choice").isTextual() ? fields.text("tool_choice", "") : "none";
        if (fields.raw("tool_choice").isObject() || choice.equals("required")) {
            throw unsupported("tool_choice", "tool_choice is not supported, because tools are not");
        }
        String format = fields.object("response_format").text("type", "text");
        if (!format.equals("text")) {
            throw unsupported(
                    "response_format", "response_format " + Outside.echo(format) + " is not supported; text is");
        }
        if (fields.has("best_of")
                && fields.whole("best_of", 1, 1, Integer.MAX_VALUE) != fields.whole("n", 1, 1, Integer.MAX_VALUE)) {
            throw unsupported("best_of", "best_of other than n is not supported");
        }
    }

    private static ApiException unsupported(String name, String message) {
        return ApiException.invalid(name, message);
    }

    private static boolean asksForSomething(JsonNode value) {
        return switch (value.getNodeType()) {
            case MISSING, NULL -> false;
            case BOOLEAN -> value.booleanValue();
            case NUMBER -> value.doubleValue() != 0;
            case STRING -> !value.textValue().isEmpty() && !value.textValue().equals("none");
            case ARRAY, OBJECT -> !value.isEmpty();
            case POJO, BINARY -> true;
        };
    }
}
