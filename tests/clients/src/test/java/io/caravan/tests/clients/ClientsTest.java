package io.caravan.tests.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.tests.support.LocalGateway;
import io.caravan.tests.support.NeedsProgram;
import io.caravan.tests.support.NodeFolder;
import io.caravan.tests.support.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that others wrote, in another language, against a gateway and a pipeline of two stages. */
@NeedsProgram({"node", "npm", "curl"})
class ClientsTest {
    private static final Duration TIMEOUT = Duration.ofMinutes(2);
    private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
    private static final Path TARGET = Path.of("target").toAbsolutePath();
    private static final Readme README = Readme.read(ROOT.resolve("README.md"));

    private static NodeFolder node;
    private static LocalGateway gateway;

    @BeforeAll
    static void start() {
        node = NodeFolder.install(Path.of("src/test/node"), TARGET.resolve("node"));
        gateway = LocalGateway.start(
                ROOT.resolve("gateway/cli/target/dist"), TARGET.resolve("home"), List.of("--workers=0", "--stages=2"));
    }

    @AfterAll
    static void stop() {
        if (gateway != null) {
            gateway.close();
        }
    }

    private static Map<String, String> environment() {
        return Map.of(
                "OPENAI_BASE_URL",
                gateway.http() + "/v1",
                "OPENAI_API_KEY",
                "none",
                "CARAVAN_GRPC",
                gateway.grpc(),
                "CARAVAN_PROTO",
                ROOT.resolve("proto/src/main/proto").toString());
    }

    @Test
    void shouldRunTheReadmesOpenAiExample() throws IOException {
        assertThat(runExample("chat.mjs")).isEqualTo("7 plus 5 is 12.\n");
    }

    @Test
    void shouldRunTheReadmesGrpcExample() throws IOException {
        assertThat(runExample("generate.mjs")).isEqualTo("7 plus 5 is 12.\n");
    }

    /** Its address is the usual one: curl's own configuration file leads it to the port of this test. */
    @Test
    void shouldRunTheReadmesCurlExample(@TempDir Path home) throws IOException {
        Files.writeString(
                home.resolve(".curlrc"),
                "silent\nconnect-to = \"127.0.0.1:8080:127.0.0.1:"
                        + gateway.http().getPort() + "\"\n");

        String answer = Program.run(
                List.of("bash", "-c", README.block("curl ")), ROOT, Map.of("HOME", home.toString()), TIMEOUT);

        assertThat(answer)
                .contains("\"delta\":{\"content\":\" plus\"}")
                .contains("\"finish_reason\":\"stop\"")
                .endsWith("data: [DONE]\n\n");
    }

    @Test
    void shouldServeTheOpenAiClient() {
        node.test("openai.test.mjs", environment(), TIMEOUT);
    }

    @Test
    void shouldServeAGrpcClientOfAnotherLanguage() {
        node.test("grpc.test.mjs", environment(), TIMEOUT);
    }

    private static String runExample(String name) throws IOException {
        Path file = Files.writeString(node.file(name), README.block("// " + name));
        return Program.run(List.of("node", file.toString()), ROOT, environment(), TIMEOUT);
    }
}
