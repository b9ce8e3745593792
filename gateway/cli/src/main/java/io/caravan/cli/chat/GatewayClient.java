package io.caravan.cli.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.caravan.cli.CliException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;

/** A gateway's HTTP interface, as far as the command line needs it. */
public final class GatewayClient implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int UNAUTHORIZED = 401;
    private static final int MOST_ERROR_BYTES = 64 * 1024;

    private final HttpClient http;
    private final ClientSettings settings;

    public GatewayClient(ClientSettings settings) {
        this.settings = settings;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(settings.timeout())
                .build();
    }

    /** The answer to a GET, parsed. */
    public JsonNode get(String path) {
        var request = request(path).GET().timeout(settings.timeout()).build();
        try (InputStream body = checked(http.send(request, BodyHandlers.ofInputStream()))) {
            return JSON.readTree(body);
        } catch (ConnectException e) {
            throw unreachable(e);
        } catch (IOException e) {
            throw new CliException("no answer from " + settings.url() + path + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /**
     * The name of the model that is served.
     *
     * @param wanted the name that it has to have; empty for any
     * @throws CliException where the gateway serves others
     */
    public String model(String wanted) {
        var served = get("/v1/models").path("data").findValuesAsText("id");
        if (served.isEmpty()) {
            throw new CliException("the gateway at " + settings.url() + " serves no model");
        }
        if (!wanted.isEmpty() && !served.contains(wanted)) {
            throw new CliException("the gateway at " + settings.url() + " serves " + String.join(", ", served)
                    + ", not '" + wanted + "'");
        }
        return wanted.isEmpty() ? served.getFirst() : wanted;
    }

    /** Begins the answer to {@code turns}. */
    public AnswerStream answer(String model, List<ChatTurn> turns) {
        var body = JSON.createObjectNode().put("model", model).put("stream", true);
        var messages = body.putArray("messages");
        for (ChatTurn turn : turns) {
            messages.addObject().put("role", turn.role()).put("content", turn.content());
        }
        if (settings.maxTokens() > 0) {
            body.put("max_tokens", settings.maxTokens());
        }
        if (settings.temperature() >= 0) {
            body.put("temperature", settings.temperature());
        }
        var request = request("/v1/chat/completions")
                .header("Content-Type", "application/json")
                .timeout(settings.timeout())
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build();
        try {
            return new AnswerStream(checked(http.send(request, BodyHandlers.ofInputStream())));
        } catch (ConnectException e) {
            throw unreachable(e);
        } catch (IOException e) {
            throw new CliException("no answer from " + settings.url() + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private HttpRequest.Builder request(String path) {
        URI uri;
        try {
            uri = URI.create(settings.url().replaceAll("/+$", "") + path);
        } catch (IllegalArgumentException e) {
            throw new CliException("--url needs an address as http://127.0.0.1:8080, not '" + settings.url() + "'", e);
        }
        if (uri.getHost() == null || !String.valueOf(uri.getScheme()).matches("https?") || uri.getPort() > 65535) {
            throw new CliException("--url needs an address as http://127.0.0.1:8080, not '" + settings.url() + "'");
        }
        var request = HttpRequest.newBuilder(uri);
        if (!settings.apiKey().isEmpty()) {
            request.header("Authorization", "Bearer " + settings.apiKey());
        }
        return request;
    }

    private static InputStream checked(HttpResponse<InputStream> response) throws IOException {
        if (response.statusCode() / 100 == 2) {
            return response.body();
        }
        try (InputStream body = response.body()) {
            String said = errorMessage(
                    new String(body.readNBytes(MOST_ERROR_BYTES), java.nio.charset.StandardCharsets.UTF_8));
            throw new CliException("the gateway answers " + response.statusCode() + ": "
                    + (response.statusCode() == UNAUTHORIZED
                            ? said + "; --api-key or CARAVAN_API_KEY names one"
                            : said));
        }
    }

    private static String errorMessage(String body) {
        try {
            var message = JSON.readTree(body).path("error").path("message");
            return message.isTextual() ? message.asText() : body.strip();
        } catch (JsonProcessingException notJson) {
            return body.strip();
        }
    }

    private CliException unreachable(IOException cause) {
        return new CliException(
                "nothing listens at " + settings.url() + "; './caravan up' starts a local cluster", cause);
    }

    private static CliException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new CliException("interrupted", cause);
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
