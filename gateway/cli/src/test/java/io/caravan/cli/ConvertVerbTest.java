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

class ConvertVerbTest {
    private static final Path MODEL = Path.of("src/main/dist/models/tiny-chat");

    @TempDir
    Path folder;

    @Test
    @ResourceLock(Resources.SYSTEM_ERR)
    void shouldRemoveWhatAKilledRunLeftOfAFileAndSaySo() throws IOException {
        Path file = folder.resolve("model.gguf");
        Path partial = Files.writeString(folder.resolve("model.gguf.partial"), "half a model");

        assertThat(convert(file)).contains("Removing " + partial + ", which a run that was broken off left");
        assertThat(partial).doesNotExist();
        assertThat(file).isRegularFile();
    }

    @Test
    @ResourceLock(Resources.SYSTEM_ERR)
    void shouldRemoveWhatAKilledRunLeftInAFolderAndSaySo() throws IOException {
        Path target = Files.createDirectory(folder.resolve("copy"));
        Path partial = Files.writeString(target.resolve("model.safetensors.partial"), "half a model");

        assertThat(convert(target)).contains("Removing " + partial + ", which a run that was broken off left");
        assertThat(partial).doesNotExist();
        assertThat(target.resolve("config.json")).isRegularFile();
    }

    private static String convert(Path target) {
        var bytes = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            assertThat(Caravan.commandLine(Map.of()).execute("convert", MODEL.toString(), target.toString()))
                    .isZero();
        } finally {
            System.setErr(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
