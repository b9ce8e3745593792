package io.caravan.tests.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.stream.StreamSupport;

/** A gateway as its clients see it. */
record GatewayApi(URI uri, HttpClient http) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration STATUS_TIMEOUT = Duration.ofSeconds(15);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(90);

    /** An answer that is not streamed. */
    record Reply(int status, JsonNode body) {
        String errorMessage() {
            return body.path("error").path("message").asText("");
        }
    }

    static GatewayApi at(String url) {
        return new GatewayApi(
                URI.create(url),
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(STATUS_TIMEOUT)
                        .build());
    }

    /** The pipeline's status, as the page shows it; without fields while no scheduler answers. */
    JsonNode status() {
        var get = HttpRequest.newBuilder(uri.resolve("/status"))
                .timeout(STATUS_TIMEOUT)
                .build();
        try {
            var response = http.send(get, BodyHandlers.ofString());
            return response.statusCode() == 200 ? JSON.readTree(response.body()) : JSON.createObjectNode();
        } catch (IOException silent) {
            return JSON.createObjectNode().put("message", "no answer: " + silent);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", ended);
        }
    }

    boolean serving() {
        return status().path("serving").asBoolean();
    }

    /** {@code /metrics}, one line for each figure. */
    List<String> metrics() {
        var get = HttpRequest.newBuilder(uri.resolve("/metrics"))
                .timeout(STATUS_TIMEOUT)
                .build();
        return send(get, BodyHandlers.ofString()).body().lines().toList();
    }

    /** Posts a chat that is not streamed. */
    Reply chat(ChatRequest request) {
        return post("/v1/chat/completions", request.body(false));
    }

    Reply post(String path, String body) {
        var post = HttpRequest.newBuilder(uri.resolve(path))
                .header("Content-Type", "application/json")
                .timeout(ANSWER_TIMEOUT)
                .POST(BodyPublishers.ofString(body))
                .build();
        var response = send(post, BodyHandlers.ofString());
        try {
            return new Reply(response.statusCode(), JSON.readTree(response.body()));
        } catch (IOException notJson) {
            throw new AssertionError("not JSON: " + response.body(), notJson);
        }
    }

    private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
        try {
            return http.send(request, handler);
        } catch (IOException broken) {
            throw new AssertionError(request.uri() + ": " + broken, broken);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", ended);
        }
    }

    /** Starts a stream for each request at once. */
    List<ChatStream> streamAll(List<ChatRequest> requests) {
        return requests.stream()
                .map(request -> ChatStream.start(http, uri, request))
                .toList();
    }

    /** The answer that each request gets when it is alone, one after the other. */
    List<ChatStream.Answer> alone(List<ChatRequest> requests) {
        return requests.stream()
                .map(request -> ChatStream.start(http, uri, request).await(ANSWER_TIMEOUT))
                .toList();
    }

    /** Process id of the worker that is to host a stage; 0 while there is none. */
    long pidOfStage(int index) {
        JsonNode status = status();
        String worker = status.path("stages").path(index).path("worker").asText("");
        return StreamSupport.stream(status.path("workers").spliterator(), false)
                .filter(each -> each.path("address").asText().equals(worker))
                .mapToLong(each -> each.path("pid").asLong())
                .findFirst()
                .orElse(0);
    }

    /** Process ids of workers that host nothing. */
    List<Long> spares() {
        JsonNode status = status();
        var busy = status.path("stages").findValuesAsText("worker");
        return StreamSupport.stream(status.path("workers").spliterator(), false)
                .filter(each -> !busy.contains(each.path("address").asText()))
                .map(each -> each.path("pid").asLong())
                .toList();
    }
}
