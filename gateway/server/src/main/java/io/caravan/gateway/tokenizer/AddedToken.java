package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A token that stands for a text as a whole, wherever the text is written out.
 *
 * @param special whether it is for the model's use and no text of an answer
 */
public record AddedToken(int id, String text, boolean special) {
    private static final String FIELD = "added_tokens";

    /** Those of a {@code tokenizer.json}, which is read no further than it has to be: vocabularies are long. */
    static List<AddedToken> read(byte[] tokenizerJson) throws IOException {
        try (JsonParser parser = new ObjectMapper().createParser(tokenizerJson)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                if (name.equals(FIELD)) {
                    return tokens(parser.readValueAsTree());
                }
                parser.skipChildren();
            }
            return List.of();
        }
    }

    private static List<AddedToken> tokens(JsonNode array) {
        List<AddedToken> tokens = new ArrayList<>();
        for (JsonNode each : array) {
            String text = each.path("content").asText();
            if (!text.isEmpty()) {
                tokens.add(new AddedToken(
                        each.path("id").asInt(), text, each.path("special").asBoolean()));
            }
        }
        return List.copyOf(tokens);
    }
}
