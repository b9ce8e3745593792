package io.caravan.tests.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** One client's streamed chat, read by a thread of its own as it comes. */
final class ChatStream {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DATA = "data: ";
    private static final String DONE = "[DONE]";

    /**
     * All that a stream said.
     *
     * @param finish the reason that the stream ended; empty where it ended without one
     * @param error what went wrong; empty when nothing did
     */
    record Answer(String text, List<Integer> tokens, String finish, String error) {
        Answer {
            tokens = List.copyOf(tokens);
        }
    }

    private final CompletableFuture<Answer> answer = new CompletableFuture<>();
    private final StringBuilder text = new StringBuilder();
    private final List<Integer> tokens = new ArrayList<>();
    private final List<Long> arrivedNs = new ArrayList<>();
    private final int cancelAfter;
    private String finish = "";
    private String error = "";
    private boolean done;

    private ChatStream(int cancelAfter) {
        this.cancelAfter = cancelAfter;
    }

    /** Asks {@code gateway} and reads to the end. */
    static ChatStream start(HttpClient http, URI gateway, ChatRequest request) {
        return start(http, gateway, request, Integer.MAX_VALUE);
    }

    /** Asks and hangs up as soon as {@code cancelAfter} tokens have come. */
    static ChatStream start(HttpClient http, URI gateway, ChatRequest request, int cancelAfter) {
        var stream = new ChatStream(cancelAfter);
        var post = HttpRequest.newBuilder(gateway.resolve("/v1/chat/completions"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(request.body(true)))
                .build();
        Thread.ofVirtual().start(() -> stream.read(http, post));
        return stream;
    }

    private void read(HttpClient http, HttpRequest post) {
        try {
            HttpResponse<Stream<String>> response = http.send(post, BodyHandlers.ofLines());
            try (var lines = response.body()) {
                if (response.statusCode() == 200) {
                    var each = lines.iterator();
                    while (each.hasNext() && tokenCount() < cancelAfter) {
                        take(each.next());
                    }
                    if (!done && finish.isEmpty() && tokenCount() < cancelAfter) {
                        error = "the stream broke off";
                    }
                } else {
                    error = response.statusCode() + " " + String.join("\n", lines.toList());
                }
            }
        } catch (IOException | UncheckedIOException broken) {
            error = "the connection broke: " + broken;
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            error = "interrupted";
        } finally {
            synchronized (this) {
                answer.complete(new Answer(text.toString(), tokens, finish, error));
            }
        }
    }

    private synchronized void take(String line) throws IOException {
        if (!line.startsWith(DATA)) {
            return;
        }
        String data = line.substring(DATA.length());
        if (data.equals(DONE)) {
            done = true;
            return;
        }
        JsonNode chunk = JSON.readTree(data);
        if (chunk.has("error")) {
            error = chunk.get("error").toString();
        }
        for (JsonNode choice : chunk.path("choices")) {
            text.append(choice.path("delta").path("content").asText(""));
            choice.path("token_ids").forEach(id -> {
                tokens.add(id.intValue());
                arrivedNs.add(System.nanoTime());
            });
            if (choice.hasNonNull("finish_reason")) {
                finish = choice.get("finish_reason").textValue();
            }
        }
    }

    /** Tokens that came so far. */
    synchronized int tokenCount() {
        return tokens.size();
    }

    /** When each token came, by {@link System#nanoTime()}. */
    synchronized List<Long> arrivedNs() {
        return List.copyOf(arrivedNs);
    }

    boolean ended() {
        return answer.isDone();
    }

    Answer await(Duration longest) {
        try {
            return answer.get(longest.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while a stream went on", ended);
        } catch (TimeoutException | ExecutionException late) {
            throw new AssertionError("a stream has " + tokenCount() + " tokens after " + longest, late);
        }
    }
}
