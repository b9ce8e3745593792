package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.Variations;
import io.caravan.proto.model.Variations.Multipliers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FamilyFieldsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama1-mha-f32",
                "llama-biases",
                "mistral-window",
                "qwen2-window",
                "qwen3-norms",
                "smollm3-nope",
                "granite-multipliers"
            })
    void shouldWriteAConfigurationThatReadsAsTheSameModel(String name) throws IOException {
        ModelSpec spec = ModelConfig.read(TestModels.ORACLE.resolve(name));
        Path written = Files.createDirectory(folder.resolve(name));
        Files.write(written.resolve("config.json"), JsonFields.encode(ConfigWriter.config(spec)));
        ModelSpec read = ModelConfig.read(written);
        assertThat(read.attentionScale()).isEqualTo(spec.attentionScale());
        assertThat(read.withVariations(read.variations().withMultipliers(Multipliers.ONE)))
                .isEqualTo(spec.withVariations(spec.variations().withMultipliers(Multipliers.ONE)));
        assertThat(read.variations().multipliers().logits())
                .isEqualTo(spec.variations().multipliers().logits());
    }

    @Test
    void shouldRefuseWhatNoFamilyHas() {
        var mixed = new Variations(false, false, false, true, 8, List.of(1), List.of(0), Multipliers.ONE);
        ModelSpec spec = ModelShape.named("tiny").withVariations(mixed);
        assertThatThrownBy(() -> ConfigWriter.config(spec))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("no Hugging Face configuration", "unrotatedLayers=[0]");
    }
}
