package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.gateway.tokenizer.Tokenizer;
import io.caravan.proto.sequence.TokenChoice;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Log-probabilities in OpenAI's two shapes. */
record Logprobs(Tokenizer tokenizer) {
    /** Stands for less than a float can say, as in OpenAI's answers; JSON has no infinity. */
    private static final float LEAST = -9999;

    /** {@code {"content": [{"token", "logprob", "bytes", "top_logprobs"}]}}. */
    ObjectNode chat(List<TokenChoice> tokens) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ArrayNode content = root.putArray("content");
        for (TokenChoice token : tokens) {
            ObjectNode entry = entry(token.token(), token.logprob());
            ArrayNode top = entry.putArray("top_logprobs");
            for (int i = 0; i < token.alternatives().size(); i++) {
                top.add(entry(token.alternatives().get(i), token.alternativeLogprobs()[i]));
            }
            content.add(entry);
        }
        root.putNull("refusal");
        return root;
    }

    /** {@code {"tokens", "token_logprobs", "top_logprobs", "text_offset"}}, in parallel arrays. */
    ObjectNode completion(List<TokenChoice> tokens, int textOffset) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ArrayNode texts = root.putArray("tokens");
        ArrayNode logprobs = root.putArray("token_logprobs");
        ArrayNode tops = root.putArray("top_logprobs");
        ArrayNode offsets = root.putArray("text_offset");
        int offset = textOffset;
        for (TokenChoice token : tokens) {
            String text = tokenizer.piece(token.token());
            texts.add(text);
            logprobs.add(finite(token.logprob()));
            ObjectNode top = tops.addObject();
            for (int i = 0; i < token.alternatives().size(); i++) {
                top.put(tokenizer.piece(token.alternatives().get(i)), finite(token.alternativeLogprobs()[i]));
            }
            offsets.add(offset);
            offset += text.length();
        }
        return root;
    }

    /** Length of the tokens' own texts. */
    int length(List<TokenChoice> tokens) {
        return tokens.stream()
                .mapToInt(token -> tokenizer.piece(token.token()).length())
                .sum();
    }

    private ObjectNode entry(int token, float logprob) {
        String text = tokenizer.piece(token);
        ObjectNode entry = JsonNodeFactory.instance.objectNode();
        entry.put("token", text);
        entry.put("logprob", finite(logprob));
        if (text.contains("\uFFFD")) {
            // part of a character: its bytes are not known here
            entry.putNull("bytes");
        } else {
            ArrayNode bytes = entry.putArray("bytes");
            for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
                bytes.add(Byte.toUnsignedInt(each));
            }
        }
        return entry;
    }

    private static float finite(float logprob) {
        return Float.isFinite(logprob) ? logprob : LEAST;
    }
}
