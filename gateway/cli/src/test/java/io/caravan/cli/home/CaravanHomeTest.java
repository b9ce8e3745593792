package io.caravan.cli.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.cli.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaravanHomeTest {
    @TempDir
    private Path folder;

    @Test
    void shouldLieInTheUsersHomeUnlessAnotherPlaceIsNamed() {
        assertThat(CaravanHome.of(Map.of("HOME", "/h", "CARAVAN_HOME", "/c")).path())
                .isEqualTo(Path.of("/c"));
        assertThat(CaravanHome.of(Map.of("HOME", "/h", "CARAVAN_HOME", "")).path())
                .isEqualTo(Path.of("/h/.caravan"));
        assertThat(CaravanHome.of(Map.of()).path())
                .isEqualTo(Path.of(System.getProperty("user.home")).resolve(".caravan"));
    }

    @Test
    void shouldSayWhyAFolderCannotBeMade() throws IOException {
        var file = Files.createFile(folder.resolve("file"));

        assertThatThrownBy(() ->
                        CaravanHome.of(Map.of("CARAVAN_HOME", file.toString())).logs())
                .isInstanceOf(CliException.class)
                .hasMessageContaining(file + "/logs")
                .hasMessageContaining("CARAVAN_HOME may name another place");
    }
}
