package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class CheckpointsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @FieldSource("io.caravan.formats.TestModels#ALL")
    void shouldOpenEveryModelOfTheRepositoryWithFiniteWeights(Path directory) {
        try (Checkpoint checkpoint = Checkpoints.open(directory)) {
            long count = 0;
            for (TensorSlot slot : new LlamaTensors(checkpoint.spec()).all()) {
                WeightView view = slot.in(checkpoint);
                assertThat(view.data().byteSize()).isEqualTo(view.type().bytes(view.elementCount()));
                assertThat(view.data().isReadOnly()).isTrue();
                assertThat(firstElement(view)).isFinite();
                count += view.elementCount();
            }
            assertThat(count).isEqualTo(checkpoint.spec().parameterCount());
        }
    }

    /** Transformers ties only what is equal or not there, with a warning. */
    @Test
    void shouldUseAHeadThatIsStoredThoughTheConfigurationTiesIt(@TempDir Path folder) throws IOException {
        TestModels.copy(TestModels.SINGLE, folder);
        Path config = folder.resolve("config.json");
        String tied = Files.readString(config)
                .replaceFirst("\"tie_word_embeddings\": *false", "\"tie_word_embeddings\": true");
        Files.writeString(config, tied);
        assertThat(Checkpoints.spec(folder).tiedEmbeddings()).isTrue();
        try (Checkpoint opened = Checkpoints.open(folder)) {
            assertThat(opened.spec().tiedEmbeddings()).isFalse();
            assertThat(new LlamaTensors(opened.spec()).head().name()).isEqualTo("lm_head.weight");
        }
    }

    @Test
    void shouldReadWhatTheConfigurationOfAShardedGroupedQueryModelSays() {
        try (Checkpoint checkpoint = Checkpoints.open(TestModels.SHARDED)) {
            var spec = checkpoint.spec();
            assertThat(spec.name()).isEqualTo("llama2-gqa-bf16-sharded");
            assertThat(spec.hiddenSize()).isEqualTo(128);
            assertThat(spec.headCount()).isEqualTo(8);
            assertThat(spec.kvHeadCount()).isEqualTo(2);
            assertThat(spec.headDim()).isEqualTo(16);
            assertThat(spec.weightType()).isEqualTo(TensorType.BF16);
            assertThat(spec.rmsNormEps()).isEqualTo(1e-5f);
            assertThat(spec.eosTokenIds()).isEqualTo(TokenIds.of(2));
            assertThat(checkpoint.has("lm_head.weight")).isTrue();
        }
    }

    @Test
    void shouldReadScalingHeadDimensionAndTyingOfALlama3Model() {
        try (Checkpoint checkpoint = Checkpoints.open(TestModels.TIED)) {
            var spec = checkpoint.spec();
            assertThat(spec.ropeScaling()).isEqualTo(new RopeScaling.Llama3(8, 1, 4, 32));
            assertThat(spec.ropeTheta()).isEqualTo(500000);
            assertThat(spec.headDim()).isEqualTo(32);
            assertThat(spec.queryWidth()).isEqualTo(192);
            assertThat(spec.tiedEmbeddings()).isTrue();
            var tensors = new LlamaTensors(spec);
            assertThat(tensors.head()).isEqualTo(tensors.embedding());
            assertThat(tensors.stage(new LayerRange(4, 5), false, true)).contains(tensors.embedding());
            assertThat(tensors.all()).doesNotHaveDuplicates();
        }
    }

    @Test
    void shouldNameTheTensorAndBothShapesWhenAnotherShapeIsAskedFor() {
        try (Checkpoint checkpoint = Checkpoints.open(TestModels.SINGLE)) {
            assertThatThrownBy(() -> checkpoint.tensor("model.norm.weight", 65))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContainingAll("model.safetensors", "model.norm.weight", "[64]", "[65]");
            assertThatThrownBy(() -> checkpoint.tensor("model.nrom.weight", 64))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining("no tensor model.nrom.weight");
        }
    }

    @Test
    void shouldRefuseAccessAfterItIsClosed() {
        Checkpoint checkpoint = Checkpoints.open(TestModels.SINGLE);
        WeightView view = checkpoint.tensor("model.norm.weight", 64);
        checkpoint.close();
        assertThatThrownBy(() -> firstElement(view)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldReadTensorsThatAWriterLeftUnaligned() throws IOException {
        TestModels.copy(TestModels.SINGLE, folder);
        Path file = folder.resolve("model.safetensors");
        Files.write(file, SafetensorsBytes.padHeader(Files.readAllBytes(file), 1));
        try (Checkpoint plain = Checkpoints.open(TestModels.SINGLE);
                Checkpoint odd = Checkpoints.open(folder)) {
            for (TensorSlot slot : new LlamaTensors(plain.spec()).all()) {
                WeightView view = slot.in(odd);
                assertThat(view.data().address() % 4).isZero();
                assertThat(view.data().mismatch(slot.in(plain).data())).isEqualTo(-1);
                assertThat(slot.in(odd).data().address()).isEqualTo(view.data().address());
            }
        }
    }

    private static double firstElement(WeightView view) {
        return switch (view.type()) {
            case F32 -> view.data().get(ValueLayout.JAVA_FLOAT, 0);
            case F16 -> Float.float16ToFloat(view.data().get(ValueLayout.JAVA_SHORT, 0));
            case BF16 -> Float.intBitsToFloat(view.data().get(ValueLayout.JAVA_SHORT, 0) << 16);
            default -> throw new AssertionError(view.type());
        };
    }
}
