package io.caravan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

class ShowVerbTest {
    private static final Path MODEL = Path.of("src/main/dist/models/tiny-chat");

    @TempDir
    Path folder;

    @Test
    @ResourceLock(Resources.SYSTEM_OUT)
    void shouldListTheFilesThatCountAndThoseThatDoNot() throws IOException {
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(MODEL.resolve(name), folder.resolve(name));
        }
        assertThat(show())
                .containsPattern("(?m)^files +model.safetensors$")
                .containsPattern("(?m)^passed-over +none$")
                .containsPattern("(?m)^memory-bytes +\\d+$")
                .containsPattern("(?m)^memory +\\S");
        Files.writeString(folder.resolve("pytorch_model.bin"), "anything");
        assertThat(show())
                .containsPattern("(?m)^files +model.safetensors$")
                .containsPattern("(?m)^passed-over +pytorch_model.bin \\(passed over for files of another format\\)$");
    }

    @Test
    @ResourceLock(Resources.SYSTEM_OUT)
    void shouldListTheTokensThatEndAnswersWhicheverFileNamesThem() throws IOException {
        for (String name : new String[] {"config.json", "model.safetensors", "tokenizer.json"}) {
            Files.copy(MODEL.resolve(name), folder.resolve(name));
        }
        assertThat(show()).containsPattern("(?m)^eos +2$");
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [2, 3]}");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": {\"content\": \"<|user|>\"}}");
        assertThat(show()).containsPattern("(?m)^eos +2, 3, 4$").doesNotContain("trouble");
        Files.writeString(folder.resolve("tokenizer.json"), "nonsense");
        assertThat(show()).containsPattern("(?m)^eos +2, 3$").containsPattern("(?m)^trouble .*tokenizer.json");
    }

    private String show() {
        var bytes = new ByteArrayOutputStream();
        PrintStream before = System.out;
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            assertThat(Caravan.commandLine(Map.of()).execute("show", folder.toString()))
                    .isZero();
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
