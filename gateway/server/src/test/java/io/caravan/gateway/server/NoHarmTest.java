package io.caravan.gateway.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.caravan.proto.v1.CaravanGrpc;
import io.caravan.proto.v1.GenerateRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Sixteen streams beside those who ask for too much, in a gateway with the heap of a small container: every stream ends as
 * one alone, and none pauses.
 */
class NoHarmTest {
    private static final int STREAMS = 16;
    private static final long PATIENCE_SECONDS = 60;
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final Duration PROBED_WITHIN = Duration.ofSeconds(10);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String QUESTION = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}],"
            + " \"stream\": true, \"max_tokens\": 400}";

    private static Process process;
    private static int httpPort;
    private static int grpcPort;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Socket> sockets = new ArrayList<>();
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .executor(threads)
            .build();

    private record Answer(String text, long longestPauseNs) {}

    @BeforeAll
    static void start() throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m",
                "-XX:+ExitOnOutOfMemoryError",
                "-Dbasedir=" + System.getProperty("basedir", ""),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                SmallGateway.class.getName(),
                "http.body-timeout = 5s"));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        var said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = said.readLine();
        while (line != null && !line.startsWith("ports ")) {
            line = said.readLine();
        }
        assertThat(line).as("what the gateway says").isNotNull();
        httpPort = Integer.parseInt(line.split(" ")[1]);
        grpcPort = Integer.parseInt(line.split(" ")[2]);
    }

    @AfterAll
    static void stop() {
        process.destroyForcibly();
    }

    @BeforeEach
    void shouldLive() {
        assertThat(process.isAlive()).isTrue();
    }

    @AfterEach
    void hangUp() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        http.shutdownNow();
        threads.shutdownNow();
    }

    @Test
    void shouldBearLargeChats() {
        unharmed(() -> {
            List<CompletableFuture<Integer>> answers = new ArrayList<>();
            String text = "What is 7 plus 5, dear llama? ".repeat(200_000);
            for (int i = 0; i < 4; i++) {
                answers.add(post("{\"messages\": [{\"role\": \"user\", \"content\": \"" + text + "\"}]}"));
            }
            assertThat(answers)
                    .allSatisfy(each -> assertThat(each.get(PATIENCE_SECONDS, TimeUnit.SECONDS))
                            .isIn(400, 413, 503));
        });
    }

    @Test
    void shouldBearBodiesOfManyNodes() {
        unharmed(() -> {
            List<CompletableFuture<Integer>> answers = new ArrayList<>();
            for (String node : List.of("{},", "[],", "{\"a\":1},", "1,")) {
                String nodes = node.repeat(7_000_000 / node.length());
                answers.add(post("{\"messages\": [" + nodes + "{}]}"));
            }
            assertThat(answers)
                    .allSatisfy(each -> assertThat(each.get(PATIENCE_SECONDS, TimeUnit.SECONDS))
                            .isIn(400, 413, 503));
        });
    }

    @Test
    void shouldBearManyUnfinishedBodies() {
        byte[] most = "x".repeat(7_900_000).getBytes(StandardCharsets.US_ASCII);
        unharmed(() -> {
            for (int i = 0; i < 117; i++) {
                Socket socket = connect();
                threads.execute(() -> sendUnfinished(socket, most));
            }
            assertThat(post(QUESTION).get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(200);
        });
    }

    @Test
    void shouldBearManySilentConnections() {
        unharmed(() -> {
            for (int i = 0; i < 1100; i++) {
                connect();
            }
            for (String path : List.of("/health", "/health/ready", "/metrics")) {
                assertThat(probe(path)).as(path).isEqualTo(200);
            }
        });
    }

    @Test
    void shouldBearLargeCalls() {
        unharmed(() -> {
            var channel = NettyChannelBuilder.forAddress("127.0.0.1", grpcPort)
                    .usePlaintext()
                    .build();
            try {
                String text = "What is 7 plus 5, dear llama? ".repeat(200_000);
                var request = GenerateRequest.newBuilder().setPrompt(text).build();
                List<CompletableFuture<Status.Code>> codes = new ArrayList<>();
                for (int i = 0; i < 12; i++) {
                    codes.add(CompletableFuture.supplyAsync(() -> refusal(channel, request), threads));
                }
                assertThat(codes)
                        .allSatisfy(each -> assertThat(each.get(PATIENCE_SECONDS, TimeUnit.SECONDS))
                                .isIn(
                                        Status.Code.INVALID_ARGUMENT,
                                        Status.Code.RESOURCE_EXHAUSTED,
                                        // where a busy machine takes longer for all than the time that bodies have here
                                        Status.Code.DEADLINE_EXCEEDED));
            } finally {
                channel.shutdownNow();
            }
        });
    }

    private static Status.Code refusal(io.grpc.Channel channel, GenerateRequest request) {
        try {
            CaravanGrpc.newBlockingStub(channel).generate(request).forEachRemaining(each -> {});
            return Status.Code.OK;
        } catch (StatusRuntimeException refused) {
            return refused.getStatus().getCode();
        }
    }

    /** Something that a test does and that may fail. */
    private interface Attack {
        void run() throws Exception;
    }

    private void unharmed(Attack attack) {
        String alone = stream().join().text();
        var machine = new MachinePauses();
        threads.execute(machine);
        List<CompletableFuture<Answer>> streams = new ArrayList<>();
        for (int i = 0; i < STREAMS; i++) {
            streams.add(stream());
        }
        try {
            attack.run();
        } catch (Exception e) {
            throw new AssertionError("while the gateway " + (process.isAlive() ? "lives" : "is gone"), e);
        }
        assertThat(streams).allSatisfy(each -> {
            Answer answer = each.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(answer.text()).isEqualTo(alone);
            assertThat(Duration.ofNanos(answer.longestPauseNs())).isLessThan(LONGEST_PAUSE.plus(machine.longest()));
        });
        assertThat(process.isAlive()).isTrue();
    }

    /** What a busy machine takes from everybody, this process too, is nobody's harm. */
    private static final class MachinePauses implements Runnable {
        private static final Duration TICK = Duration.ofMillis(25);
        private volatile long longestNs;

        @Override
        public void run() {
            long last = System.nanoTime();
            while (!Thread.currentThread().isInterrupted()) {
                try {
                    Thread.sleep(TICK);
                } catch (InterruptedException ended) {
                    return;
                }
                long now = System.nanoTime();
                longestNs = Math.max(longestNs, now - last);
                last = now;
            }
        }

        private Duration longest() {
            return Duration.ofNanos(longestNs);
        }
    }

    private CompletableFuture<Answer> stream() {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        var response = http.send(request(QUESTION), HttpResponse.BodyHandlers.ofLines());
                        return read(response.body().iterator());
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                },
                threads);
    }

    private static Answer read(Iterator<String> lines) throws IOException {
        var text = new StringBuilder();
        long longest = 0;
        long last = System.nanoTime();
        while (lines.hasNext()) {
            String line = lines.next();
            long now = System.nanoTime();
            longest = Math.max(longest, now - last);
            last = now;
            if (line.equals("data: [DONE]")) {
                return new Answer(text.toString(), longest);
            }
            if (line.startsWith("data: ")) {
                var chunk = JSON.readTree(line.substring("data: ".length()));
                text.append(chunk.at("/choices/0/delta/content").asText(""));
                text.append(chunk.at("/choices/0/finish_reason").asText(""));
                text.append(chunk.at("/error/message").asText(""));
            }
        }
        throw new AssertionError("a stream was cut off after " + text);
    }

    private CompletableFuture<Integer> post(String body) {
        return http.sendAsync(request(body), HttpResponse.BodyHandlers.ofString())
                .thenApply(HttpResponse::statusCode);
    }

    private static HttpRequest request(String body) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/v1/chat/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    /** On a connection of its own, as probes come. */
    private static int probe(String path) throws IOException {
        try (var socket = new Socket("127.0.0.1", httpPort)) {
            socket.setSoTimeout((int) PROBED_WITHIN.toMillis());
            String head = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return Integer.parseInt(answer.split(" ", 3)[1]);
        }
    }

    private Socket connect() throws IOException {
        var socket = new Socket("127.0.0.1", httpPort);
        sockets.add(socket);
        return socket;
    }

    private static void sendUnfinished(Socket socket, byte[] most) {
        try {
            String head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    + "Content-Length: " + (most.length + 1) + "\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(most);
        } catch (SocketException | SocketTimeoutException refused) {
            // as it should be
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
