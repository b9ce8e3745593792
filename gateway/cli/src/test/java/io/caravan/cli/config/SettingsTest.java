package io.caravan.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import io.caravan.cli.Caravan;
import io.caravan.cli.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A flag beats its variable, which beats the file, which beats the verb's presets, which beat the modules' defaults. */
class SettingsTest {
    private static final String WORKERS = "caravan.local.workers";
    private static final Path NO_FILE = Path.of("");

    @TempDir
    private Path folder;

    @Test
    void shouldTakeTheDefaultWhereNobodySaysAnything() {
        assertThat(load(Map.of(), NO_FILE, Map.of()).getInt(WORKERS)).isEqualTo(2);
    }

    @Test
    void shouldTakeThePresetBeforeTheDefault() {
        assertThat(load(Map.of(), NO_FILE, Map.of(WORKERS, 0)).getInt(WORKERS)).isZero();
    }

    @Test
    void shouldTakeTheFileBeforeThePreset() throws IOException {
        assertThat(load(Map.of(), file("caravan.local.workers = 3"), Map.of(WORKERS, 0))
                        .getInt(WORKERS))
                .isEqualTo(3);
    }

    @Test
    void shouldTakeTheVariableBeforeTheFile() throws IOException {
        assertThat(load(Map.of("CARAVAN_WORKERS", "4"), file("caravan.local.workers = 3"), Map.of())
                        .getInt(WORKERS))
                .isEqualTo(4);
    }

    @Test
    void shouldTakeTheFlagBeforeTheVariable() throws IOException {
        assertThat(load(Map.of("CARAVAN_WORKERS", "4"), file("caravan.local.workers = 3"), Map.of(), "--workers", "5")
                        .getInt(WORKERS))
                .isEqualTo(5);
    }

    @Test
    void shouldTakeABlankVariableForNone() {
        assertThat(load(Map.of("CARAVAN_WORKERS", " "), NO_FILE, Map.of()).getInt(WORKERS))
                .isEqualTo(2);
    }

    @Test
    void shouldSplitListsInFlagsAndVariables() {
        assertThat(load(Map.of("CARAVAN_API_KEYS", "a,b"), NO_FILE, Map.of()).getStringList("caravan.gateway.api-keys"))
                .containsExactly("a", "b");
    }

    @Test
    void shouldNotLookPastAFileThatIsMissing() {
        assertThatThrownBy(() -> load(Map.of(), folder.resolve("none.conf"), Map.of()))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("none.conf cannot be read");
    }

    @Test
    void shouldSayWhereAFileIsWrong() throws IOException {
        var broken = file("caravan { local { workers = 3 ");

        assertThatThrownBy(() -> load(Map.of(), broken, Map.of()))
                .isInstanceOf(CliException.class)
                .hasMessageContaining(broken.getFileName().toString());
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("caravan.conf"), text);
    }

    /** The configuration of {@code caravan up}. */
    private static Config load(Map<String, String> environment, Path file, Map<String, ?> presets, String... flags) {
        var line = Stream.concat(Stream.of("up"), Stream.of(flags)).toArray(String[]::new);
        var up = Caravan.commandLine(environment).parseArgs(line).subcommand();
        return Settings.load(up.commandSpec(), file, presets);
    }
}
