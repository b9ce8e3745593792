package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.gateway.http.ApiException;
import io.caravan.gateway.http.JsonFields;
import io.caravan.gateway.http.Outside;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.gateway.tokenizer.TokenizerException;
import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.List;

/** The prompts of a completion: a string, several, token ids, or several of these. */
final class PromptField {
    private static final String NAME = "prompt";
    private static final String WANTED = "a string, an array of strings, an array of token ids, or an array of these";

    private PromptField() {}

    /** A prompt, as text or as tokens or both. */
    record Prompt(TokenIds tokens, String given) {
        /** Its text, decoded where only tokens were given. */
        String text(ServedModel model) {
            return given.isEmpty() ? model.tokenizer().decode(tokens) : given;
        }
    }

    static List<Prompt> read(JsonFields fields, ServedModel model) {
        fields.require(NAME);
        JsonNode prompt = fields.raw(NAME);
        boolean begins = fields.flag("add_special_tokens", true);
        if (prompt.isTextual()) {
            return List.of(ofText(NAME, prompt, model, begins));
        }
        if (!prompt.isArray()) {
            throw fields.wrongType(NAME, WANTED, prompt);
        }
        if (prompt.isEmpty()) {
            throw ApiException.invalid(NAME, "prompt must not be an empty array");
        }
        if (prompt.get(0).isNumber()) {
            return List.of(ofTokens(NAME, prompt, model));
        }
        List<Prompt> prompts = new ArrayList<>();
        for (JsonNode each : prompt) {
            String where = NAME + "[" + prompts.size() + "]";
            prompts.add(
                    switch (each.getNodeType()) {
                        case STRING -> ofText(where, each, model, begins);
                        case ARRAY -> ofTokens(where, each, model);
                        case NUMBER, BOOLEAN, NULL, OBJECT, POJO, BINARY, MISSING ->
                            throw JsonFields.wrongTypeAt(where, "a string or an array of token ids", each);
                    });
        }
        return prompts;
    }

    private static Prompt ofText(String where, JsonNode text, ServedModel model, boolean addSpecialTokens) {
        try {
            return new Prompt(some(where, model.promptTokens(text.textValue(), addSpecialTokens)), text.textValue());
        } catch (TokenizerException e) {
            throw ApiException.invalid(where, Outside.words(e.getMessage()));
        }
    }

    private static Prompt ofTokens(String where, JsonNode array, ServedModel model) {
        int[] ids = JsonFields.wholes(where, array, 0, model.spec().vocabSize() - 1);
        return new Prompt(some(where, TokenIds.of(ids)), "");
    }

    private static TokenIds some(String where, TokenIds tokens) {
        if (tokens.isEmpty()) {
            throw ApiException.invalid(where, where + " is empty: at least one token is needed");
        }
        return tokens;
    }
}
