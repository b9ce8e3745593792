package io.caravan.tests.system;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What one client asks. With a seed, so that there is one right answer although tokens are drawn.
 *
 * @param toTheEnd whether it goes on to {@code maxTokens}, past the model's own end
 */
record ChatRequest(String question, double temperature, long seed, int maxTokens, boolean toTheEnd) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> NAMES =
            List.of("Pacha", "Inti", "Killa", "Sami", "Wayra", "Quri", "Urpi", "Rumi");

    /** {@code count} different requests of a seed: questions that the shipped model knows, of different lengths. */
    static List<ChatRequest> random(long seed, int count, int maxTokens, boolean toTheEnd) {
        var random = new SplittableRandom(seed);
        var requests = new ArrayList<ChatRequest>();
        for (int i = 0; i < count; i++) {
            double temperature = i % 4 == 0 ? 0 : 0.5 + random.nextDouble();
            requests.add(new ChatRequest(question(random), temperature, random.nextLong(1 << 30), maxTokens, toTheEnd));
        }
        return requests;
    }

    private static String question(SplittableRandom random) {
        String one = NAMES.get(random.nextInt(NAMES.size()));
        String other = NAMES.get(random.nextInt(NAMES.size()));
        return switch (random.nextInt(5)) {
            case 0 -> "What is " + random.nextInt(11) + " plus " + random.nextInt(11) + "?";
            case 1 -> "Hello!";
            case 2 -> "Tell me a story about " + one + " and the salt.";
            case 3 -> one + " walks before Nina, and Nina walks before " + other + ". Who walks first?";
            default -> one + " is a red llama and carries maize to the salt lake. Where does " + one + " go?";
        };
    }

    String body(boolean stream) {
        ObjectNode body = JSON.createObjectNode();
        body.putArray("messages").addObject().put("role", "user").put("content", question);
        body.put("temperature", temperature)
                .put("seed", seed)
                .put("max_tokens", maxTokens)
                .put("ignore_eos", toTheEnd)
                .put("return_token_ids", true)
                .put("stream", stream);
        return body.toString();
    }
}
