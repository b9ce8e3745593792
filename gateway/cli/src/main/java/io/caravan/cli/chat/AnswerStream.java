package io.caravan.cli.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.caravan.cli.CliException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** An answer that streams in as server-sent events. Closing it, from any thread, cancels the generation. */
public final class AnswerStream implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DATA = "data:";
    private static final String DONE = "[DONE]";

    private final InputStream body;
    private volatile boolean cancelled;

    AnswerStream(InputStream body) {
        this.body = body;
    }

    /**
     * Hands over each piece of text as it comes, until the answer ends or {@link #close()} is called.
     *
     * @return the whole text
     * @throws CliException where the gateway reports an error or the connection breaks
     */
    public String read(Consumer<String> piece) {
        var whole = new StringBuilder();
        try (var lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith(DATA)) {
                    continue;
                }
                String data = line.substring(DATA.length()).strip();
                if (data.equals(DONE)) {
                    return whole.toString();
                }
                String text = text(JSON.readTree(data));
                if (!text.isEmpty()) {
                    whole.append(text);
                    piece.accept(text);
                }
            }
        } catch (IOException e) {
            if (!cancelled) {
                throw new CliException("the answer broke off: " + e.getMessage(), e);
            }
        }
        if (!cancelled) {
            throw new CliException("the answer broke off: the gateway closed the connection");
        }
        return whole.toString();
    }

    private static String text(JsonNode event) {
        if (event.has("error")) {
            throw new CliException(event.path("error").path("message").asText());
        }
        return event.path("choices").path(0).path("delta").path("content").asText("");
    }

    @Override
    public void close() {
        cancelled = true;
        try {
            body.close();
        } catch (IOException e) {
            // the connection is gone either way
        }
    }
}
