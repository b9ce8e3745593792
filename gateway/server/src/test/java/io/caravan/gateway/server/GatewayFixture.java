package io.caravan.gateway.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.gateway.FakeScheduler;
import io.caravan.gateway.TinyChat;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;

/** A gateway on free ports in front of a {@link FakeScheduler} that answers in the shipped model's words. */
final class GatewayFixture implements AutoCloseable {
    static final ServedModel MODEL = TinyChat.open();
    static final String TEXT = "Seven and five make twelve, é 🦙 so twelve llamas walk now.";
    static final TokenIds ANSWER = MODEL.tokenizer().encode(TEXT, false).concat(TokenIds.of(2));
    static final String HELLO = "\"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}]";
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ObjectMapper JSON = new ObjectMapper();

    final FakeScheduler.Script script = new FakeScheduler.Script();
    final List<String> notices = new CopyOnWriteArrayList<>();
    final GatewayServer server;
    private final ActorTestKit kit;
    private final HttpClient client = HttpClient.newHttpClient();

    GatewayFixture(String settings) {
        this(settings, MODEL);
    }

    GatewayFixture(String settings, ServedModel model) {
        var config = ConfigFactory.parseString("caravan.gateway { http.port = 0, grpc.port = 0, " + settings + " }")
                .withFallback(ConfigFactory.load());
        script.usualCompletion = request -> ANSWER;
        script.reset();
        kit = ActorTestKit.create("gateway", config);
        server = started(config, model);
    }

    private GatewayServer started(Config config, ServedModel model) {
        try {
            return GatewayServer.start(
                    kit.system(),
                    GatewaySettings.of(config),
                    model,
                    kit.spawn(FakeScheduler.create(script)),
                    () -> notices);
        } catch (GatewayStartException e) {
            kit.shutdownTestKit();
            throw e;
        }
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.httpAddress().getPort() + path);
    }

    HttpResponse<String> get(String path) {
        return send(HttpRequest.newBuilder(uri(path)));
    }

    HttpResponse<String> post(String path, String body) {
        return send(HttpRequest.newBuilder(uri(path)).POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    /** The answer in time, from a connection of its own as long as those before it are at work. */
    CompletableFuture<HttpResponse<String>> sendAsync(String path, String body) {
        return client.sendAsync(
                HttpRequest.newBuilder(uri(path))
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return client.send(request.timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode json(HttpResponse<String> response) {
        try {
            return JSON.readTree(response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(response.body(), e);
        }
    }

    /** The objects of a stream; checks that it is well formed and ends with its mark. */
    static List<JsonNode> chunks(HttpResponse<String> response) {
        String body = response.body();
        if (!body.endsWith("data: [DONE]\n\n")) {
            throw new AssertionError("the stream does not end with [DONE] and an empty line: " + body);
        }
        List<JsonNode> chunks = new ArrayList<>();
        for (String event :
                body.substring(0, body.length() - "data: [DONE]\n\n".length()).split("\n\n")) {
            if (event.startsWith("data: ")) {
                try {
                    chunks.add(JSON.readTree(event.substring("data: ".length())));
                } catch (IOException e) {
                    throw new UncheckedIOException(event, e);
                }
            } else if (!event.startsWith(":")) {
                throw new AssertionError("not an event: " + event);
            }
        }
        return chunks;
    }

    @Override
    public void close() {
        // its idle connections would keep the server waiting
        client.shutdownNow();
        server.close();
        kit.shutdownTestKit();
    }
}
