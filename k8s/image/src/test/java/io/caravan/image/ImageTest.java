package io.caravan.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.caravan.tests.support.NeedsProgram;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** Unpacks the image that the build made and serves the shipped model from it, with nothing else of this machine's files. */
@NeedsProgram({"unshare", "chroot", "tar"})
@EnabledIf("mayMount")
class ImageTest {
    private static final Path TAR = Path.of("target", "caravan-image.tar");
    private static final Path MANIFESTS = Path.of("..", "base", "kustomization.yaml");
    private static final Duration LONG = Duration.ofSeconds(180);
    private static final String QUESTION =
            "{\"messages\":[{\"role\":\"user\",\"content\":\"What is 7 plus 5?\"}],\"temperature\":0}";

    private final List<Process> processes = new ArrayList<>();

    @TempDir
    private Path folder;

    /** Another root needs a privilege that not every user has; CI has it. */
    static boolean mayMount() throws IOException, InterruptedException {
        return System.getenv("CI") != null
                || new ProcessBuilder("unshare", "--mount", "true").start().waitFor() == 0;
    }

    @AfterEach
    void stop() {
        processes.forEach(Process::destroyForcibly);
        processes.forEach(process -> process.onExit().join());
    }

    @Test
    void shouldServeTheShippedModelAsNobodyFromAReadOnlyRoot() throws Exception {
        var image = UnpackedImage.open(TAR, folder);
        var version = System.getProperty("caravan.version");
        assertThat(image.name()).isEqualTo("caravan:" + version);
        assertThat(MANIFESTS).content().contains("newName: caravan\n", "newTag: " + version + "\n");

        var gatewayOutput = folder.resolve("gateway.out");
        var gateway = start(image, gatewayOutput, "serve", "--port=0", "--grpc-port=0");
        var url = awaitOutput(gatewayOutput, "at (http://\\S+) ");
        var member = awaitOutput(gatewayOutput, "--join (\\S+)");
        assertThat(Files.readString(Path.of("/proc", Long.toString(gateway.pid()), "status")))
                .containsPattern("Uid:\\s+10001\\s+10001");

        var worker = start(image, folder.resolve("worker.out"), "worker", "--join=" + member, "--threads=1");
        var answer = awaitAnswer(url + "/v1/chat/completions");
        assertThat(answer).contains("12");
        for (Process process : List.of(worker, gateway)) {
            process.destroy();
            assertThat(process.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void shouldKnowNamesOfFilesInEveryScript() throws Exception {
        var output = folder.resolve("show.out");
        String name = "/tmp/Übung-模型";
        var show = start(UnpackedImage.open(TAR, folder), output, "show", name);
        assertThat(show.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(output).content().contains(name).doesNotContain("UTF-8 locale");
    }

    private Process start(UnpackedImage image, Path output, String... arguments) throws IOException {
        processes.add(image.run(output, arguments));
        return processes.getLast();
    }

    private String awaitOutput(Path output, String pattern) throws Exception {
        var expected = Pattern.compile(pattern);
        for (long deadlineNs = deadlineNs(); System.nanoTime() < deadlineNs && allRun(); Thread.sleep(50)) {
            var match = expected.matcher(Files.readString(output));
            if (match.find()) {
                return match.group(1);
            }
        }
        return fail("no " + pattern + outputs());
    }

    private String awaitAnswer(String url) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create(url))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(QUESTION))
                    .timeout(LONG)
                    .build();
            for (long deadlineNs = deadlineNs(); System.nanoTime() < deadlineNs && allRun(); Thread.sleep(200)) {
                var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() == 200) {
                    return answer.body();
                }
            }
        }
        return fail("no answer" + outputs());
    }

    private static long deadlineNs() {
        return System.nanoTime() + LONG.toNanos();
    }

    private boolean allRun() {
        return processes.stream().allMatch(Process::isAlive);
    }

    private String outputs() throws IOException {
        var text = new StringBuilder();
        try (var files = Files.list(folder)) {
            for (Path file : files.filter(it -> it.toString().endsWith(".out")).toList()) {
                text.append("\n--- ").append(file.getFileName()).append('\n').append(Files.readString(file));
            }
        }
        return text.toString();
    }
}
