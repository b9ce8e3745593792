package io.caravan.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A random model and what the float64 reference computes with it. */
record OracleModel(String name, Path directory, List<Case> cases) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * One prompt's truth.
     *
     * @param lastLogits [vocab] at the prompt's last position
     * @param likeliest [prompt] the most likely next token at each position
     * @param nll mean negative log-likelihood of the prompt's tokens from the second on; NaN where there is none
     * @param greedy what greedy decoding appends
     */
    record Case(TokenIds prompt, float[] lastLogits, int[] likeliest, double nll, int[] greedy) {}

    static List<OracleModel> all() {
        return Stream.of(
                        "llama1-mha-f32",
                        "llama2-gqa-bf16-sharded",
                        "llama3-rope-f16-tied",
                        "llama-biases",
                        "mistral-window",
                        "qwen2-window",
                        "qwen3-norms",
                        "smollm3-nope",
                        "granite-multipliers")
                .map(OracleModel::read)
                .toList();
    }

    private static OracleModel read(String name) {
        Path directory = resource("/oracle/" + name);
        JsonNode expected = json(directory.resolve("expected.json"));
        return new OracleModel(
                name,
                directory,
                StreamSupport.stream(expected.get("cases").spliterator(), false)
                        .map(OracleModel::parse)
                        .toList());
    }

    private static Case parse(JsonNode node) {
        return new Case(
                TokenIds.of(ints(node.get("ids"))),
                floats(node.get("last_logits")),
                ints(node.get("argmax_each_position")),
                node.get("nll").isNull() ? Double.NaN : node.get("nll").doubleValue(),
                ints(node.get("greedy_24")));
    }

    static float[] floats(JsonNode array) {
        float[] floats = new float[array.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) array.get(i).doubleValue();
        }
        return floats;
    }

    static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }

    static JsonNode json(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path resource(String name) {
        try {
            return Path.of(OracleModel.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
