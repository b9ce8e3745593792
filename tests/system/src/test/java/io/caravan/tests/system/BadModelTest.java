package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway that cannot do what it is told says why in a line, and ends. */
class BadModelTest {
    private static final Path MODEL = Path.of(System.getProperty("caravan.test.oracle"), "llama1-mha-f32");
    private static final Duration END = Duration.ofSeconds(240);

    @TempDir
    private Path folder;

    private Path copy() throws IOException {
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(MODEL.resolve(file), folder.resolve(file));
        }
        return folder;
    }

    private static String failedServe(Path home, Path model, String... flags) {
        var arguments = new ArrayList<String>(List.of("serve", model.toString()));
        arguments.addAll(List.of(flags));
        try (var process = CaravanProcess.start("serve", home, arguments)) {
            assertThat(process.awaitExit(END)).isNotZero();
            return process.output();
        }
    }

    @Test
    void shouldNameAFileThatIsMissing() throws IOException {
        var model = copy();
        Files.delete(model.resolve("model.safetensors"));
        assertThat(failedServe(folder.resolve("home"), model, "--port=0", "--grpc-port=0"))
                .contains("safetensors")
                .doesNotContain("Exception");
    }

    @Test
    void shouldNameAFileThatIsTruncated() throws IOException {
        var file = copy().resolve("model.safetensors");
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.truncate(Files.size(file) - 1000);
        }
        assertThat(failedServe(folder.resolve("home"), folder, "--port=0", "--grpc-port=0"))
                .contains("model.safetensors")
                .doesNotContain("Exception");
    }

    @Test
    void shouldRefuseAConfigurationThatContradictsTheTensors() throws IOException {
        var config = copy().resolve("config.json");
        Files.writeString(
                config, Files.readString(config).replace("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 5"));
        assertThat(failedServe(folder.resolve("home"), folder, "--port=0", "--grpc-port=0"))
                .contains("layers.4")
                .doesNotContain("Exception");
    }

    @Test
    void shouldNameAPortThatIsInUse() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            assertThat(failedServe(folder, MODEL, "--port=" + port, "--grpc-port=0"))
                    .contains(port)
                    .doesNotContain("Exception");
        }
    }
}
