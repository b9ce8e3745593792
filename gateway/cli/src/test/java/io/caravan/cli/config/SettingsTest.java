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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    @ParameterizedTest
    @CsvSource({"1,true", "TRUE,true", "yes,true", "On,true", "0,false", "False,false", "no,false", "OFF,false"})
    void shouldTakeYesAndNoAsPeopleSpellThem(String text, boolean value) throws IOException {
        String key = "caravan.local.restart";

        assertThat(load(Map.of("CARAVAN_RESTART", text), NO_FILE, Map.of()).getBoolean(key))
                .isEqualTo(value);
        assertThat(load(Map.of(), file(key + " = " + text), Map.of()).getBoolean(key))
                .isEqualTo(value);
        assertThat(Caravan.commandLine(Map.of("CARAVAN_DEBUG", text))
                        .parseArgs("up")
                        .subcommand()
                        .commandSpec()
                        .findOption("--verbose")
                        .<Boolean>getValue())
                .isEqualTo(value);
    }

    @Test
    void shouldSayHowYesAndNoAreSpelt() throws IOException {
        var file = file("caravan.gateway.grpc.enabled = 2");

        assertThatThrownBy(() -> load(Map.of(), file, Map.of()))
                .isInstanceOf(CliException.class)
                .hasMessageStartingWith("caravan.gateway.grpc.enabled in ")
                .hasMessageEndingWith("must be 1, true, yes or on, or 0, false, no or off, not 2");
    }

    @Test
    void shouldSplitListsInFlagsAndVariables() {
        assertThat(load(Map.of("CARAVAN_API_KEYS", "a,b"), NO_FILE, Map.of()).getStringList("caravan.gateway.api-keys"))
                .containsExactly("a", "b");
    }

    @Test
    void shouldKnowASwitchAsAFlagAndAsAVariable() {
        String key = "caravan.gateway.allow-special-in-content";
        var variable = Map.of("CARAVAN_ALLOW_SPECIAL_IN_CONTENT", "true");
        assertThat(load(Map.of(), NO_FILE, Map.of()).getBoolean(key)).isFalse();
        assertThat(load(variable, NO_FILE, Map.of()).getBoolean(key)).isTrue();
        assertThat(load(Map.of(), NO_FILE, Map.of(), "--allow-special-in-content")
                        .getBoolean(key))
                .isTrue();
        assertThat(load(variable, NO_FILE, Map.of(), "--no-allow-special-in-content")
                        .getBoolean(key))
                .isFalse();
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
