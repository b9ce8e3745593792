package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelShapeTest {

    @ParameterizedTest
    @CsvSource({
        "7b, 6738415616",
        "13b, 13015864320",
        "33b, 32528943616",
        "65b, 65285660672",
        "llama3-8b, 8030261248",
        "1b, 1100048384"
    })
    void shouldHaveThePublishedParameterCount(String name, long parameterCount) {
        assertThat(ModelShape.named(name).parameterCount()).isEqualTo(parameterCount);
        long sum = new LlamaTensors(ModelShape.named(name))
                .all().stream().mapToLong(TensorSlot::elementCount).sum();
        assertThat(sum).isEqualTo(parameterCount);
    }

    @Test
    void shouldReadDimensions() {
        ModelSpec spec =
                ModelShape.parse("dim=256,layers=4,heads=8,kv=4,ffn=688,vocab=1000,context=512", TensorType.F16);
        assertThat(spec.hiddenSize()).isEqualTo(256);
        assertThat(spec.layerCount()).isEqualTo(4);
        assertThat(spec.headDim()).isEqualTo(32);
        assertThat(spec.kvHeadCount()).isEqualTo(4);
        assertThat(spec.intermediateSize()).isEqualTo(688);
        assertThat(spec.vocabSize()).isEqualTo(1000);
        assertThat(spec.maxPositions()).isEqualTo(512);
        assertThat(spec.weightType()).isEqualTo(TensorType.F16);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "8b | no model shape is called \"8b\"; there are tiny, 1b, 7b",
                "dim=64 | lacks layers=NUMBER",
                "dim=64,layers=x,heads=4,ffn=8,vocab=9 | \"layers=x\" is not KEY=NUMBER",
                "dim=64,width=4 | \"width=4\" is not KEY=NUMBER with a KEY of dim, layers",
                "dim=64,dim=64 | dim is given twice",
                "dim=64,layers=1,heads=5,ffn=8,vocab=9 | dim (64) must be a multiple of heads (5)",
                "dim=64,layers=1,heads=0,ffn=8,vocab=9 | dim (64) must be a multiple of heads (0)",
                "dim=64,layers=1,heads=4,kv=3,ffn=8,vocab=9 | must be a multiple of num_key_value_heads (3)",
            })
    void shouldSayWhatIsWrongWithAShape(String text, String message) {
        assertThatThrownBy(() -> ModelShape.parse(text, TensorType.BF16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
