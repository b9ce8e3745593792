package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What {@code tokenizer_config.json} and the files of the chat template say.
 *
 * @param bosToken text of the token that begins a sequence; empty where there is none
 * @param eosToken text of the token that ends one; empty where there is none
 * @param chatTemplate Jinja source; empty where the model has none
 */
public record TokenizerConfig(Beginning beginning, String bosToken, String eosToken, String chatTemplate) {
    private static final String FILE = "tokenizer_config.json";
    private static final String TEMPLATE_FILE = "chat_template.jinja";
    private static final String JSON_TEMPLATE_FILE = "chat_template.json";
    private static final String DEFAULT_TEMPLATE = "default";

    /** What {@code add_bos_token} says. */
    public enum Beginning {
        UNSAID,
        WITH_BOS,
        WITHOUT_BOS
    }

    /** What a folder says that has no such file. */
    public static final TokenizerConfig ABSENT = new TokenizerConfig(Beginning.UNSAID, "", "", "");

    /**
     * Reads a model folder.
     *
     * @throws TokenizerException when a file cannot be read
     */
    public static TokenizerConfig read(Path directory) {
        JsonNode config = json(directory.resolve(FILE));
        JsonNode addBos = config.path("add_bos_token");
        Beginning beginning = !addBos.isBoolean()
                ? Beginning.UNSAID
                : addBos.asBoolean() ? Beginning.WITH_BOS : Beginning.WITHOUT_BOS;
        return new TokenizerConfig(
                beginning,
                token(config.path("bos_token")),
                token(config.path("eos_token")),
                template(directory, config));
    }

    /** What it says of a tokenizer whose tokens have other names. */
    TokenizerConfig renamed(Map<String, String> names) {
        return new TokenizerConfig(
                beginning,
                names.getOrDefault(bosToken, bosToken),
                names.getOrDefault(eosToken, eosToken),
                chatTemplate);
    }

    private static String template(Path directory, JsonNode config) {
        Path file = directory.resolve(TEMPLATE_FILE);
        if (Files.isRegularFile(file)) {
            try {
                return Files.readString(file);
            } catch (IOException e) {
                throw new TokenizerException(file + " cannot be read: " + e.getMessage(), e);
            }
        }
        String own = named(json(directory.resolve(JSON_TEMPLATE_FILE)).path("chat_template"));
        return own.isEmpty() ? named(config.path("chat_template")) : own;
    }

    /** A template, or the default one of a list of named ones. */
    private static String named(JsonNode template) {
        if (!template.isArray()) {
            return template.asText("");
        }
        String first = template.path(0).path("template").asText("");
        for (JsonNode each : template) {
            if (each.path("name").asText("").equals(DEFAULT_TEMPLATE)) {
                return each.path("template").asText("");
            }
        }
        return first;
    }

    /** A token is a string, or an object that says more about it. */
    private static String token(JsonNode token) {
        return token.isObject() ? token.path("content").asText("") : token.asText("");
    }

    /** A JSON file; an empty object where there is none. */
    static JsonNode json(Path file) {
        var mapper = new ObjectMapper();
        if (!Files.isRegularFile(file)) {
            return mapper.createObjectNode();
        }
        try {
            return mapper.readTree(file.toFile());
        } catch (IOException e) {
            throw new TokenizerException(file + " is not JSON that can be read: " + e.getMessage(), e);
        }
    }
}
