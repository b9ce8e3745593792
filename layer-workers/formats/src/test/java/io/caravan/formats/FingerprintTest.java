package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.model.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FingerprintTest {
    @TempDir
    Path folder;

    @Test
    void shouldBeTheSameUnderAnyPath() throws IOException {
        Path copy = Files.createDirectory(folder.resolve("renamed"));
        TestModels.copy(TestModels.SHARDED, copy);
        assertThat(fingerprint(copy)).isEqualTo(fingerprint(TestModels.SHARDED)).hasSize(64);
    }

    @Test
    void shouldNotDependOnHowTheConfigurationIsWritten() throws IOException {
        Path copy = Files.createDirectory(folder.resolve("renamed"));
        TestModels.copy(TestModels.TIED, copy);
        Path config = copy.resolve("config.json");
        Files.writeString(
                config, Files.readString(config).replaceAll("\\s+", " ").replace("500000.0", "5e5"));
        assertThat(fingerprint(copy)).isEqualTo(fingerprint(TestModels.TIED));
    }

    @Test
    void shouldDifferForAnotherConfigurationOfTheSameTensors() throws IOException {
        Path copy = Files.createDirectory(folder.resolve("renamed"));
        TestModels.copy(TestModels.TIED, copy);
        Path config = copy.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("500000.0", "10000"));
        assertThat(fingerprint(copy)).isNotEqualTo(fingerprint(TestModels.TIED));
    }

    @Test
    void shouldDifferForOtherWeightsOfTheSameShape() throws IOException {
        var spec = ModelShape.parse("tiny", TensorType.F16);
        SyntheticCheckpoint.write(spec, folder.resolve("a"), 1, (bytes, total) -> {});
        SyntheticCheckpoint.write(spec, folder.resolve("b"), 2, (bytes, total) -> {});
        assertThat(fingerprint(folder.resolve("a"))).isNotEqualTo(fingerprint(folder.resolve("b")));
    }

    private static String fingerprint(Path directory) {
        try (Checkpoint checkpoint = Checkpoints.open(directory)) {
            return checkpoint.fingerprint();
        }
    }
}
