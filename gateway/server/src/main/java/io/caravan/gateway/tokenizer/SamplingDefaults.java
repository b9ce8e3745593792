package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The sampling of a request that asks for none: what {@code generation_config.json} recommends, and where it is silent a
 * plain draw. {@code "do_sample": false} there recommends the likeliest token, a temperature of 0.
 */
public record SamplingDefaults(float temperature, int topK, float topP, float minP, float repetitionPenalty) {
    private static final String FILE = "generation_config.json";

    /** A draw from the model's own distribution. */
    public static final SamplingDefaults PLAIN = new SamplingDefaults(1, 0, 1, 0, 1);

    /**
     * Reads a model folder.
     *
     * @throws TokenizerException when the file cannot be read
     */
    public static SamplingDefaults read(Path directory) {
        Path file = directory.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            return PLAIN;
        }
        try {
            JsonNode config = new ObjectMapper().readTree(file.toFile());
            return new SamplingDefaults(
                    config.path("do_sample").asBoolean(true) ? number(config, "temperature", PLAIN.temperature) : 0,
                    (int) number(config, "top_k", PLAIN.topK),
                    number(config, "top_p", PLAIN.topP),
                    number(config, "min_p", PLAIN.minP),
                    number(config, "repetition_penalty", PLAIN.repetitionPenalty));
        } catch (IOException e) {
            throw new TokenizerException(file + " is not JSON that can be read: " + e.getMessage(), e);
        }
    }

    private static float number(JsonNode config, String name, float otherwise) {
        return (float) config.path(name).asDouble(otherwise);
    }
}
