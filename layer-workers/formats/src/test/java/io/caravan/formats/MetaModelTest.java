package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class MetaModelTest {
    @TempDir
    Path folder;

    static Stream<Arguments> modelsAndShards() {
        return Stream.of(
                Arguments.of(TestModels.SINGLE, 1, false),
                Arguments.of(TestModels.SINGLE, 2, false),
                Arguments.of(TestModels.SINGLE, 4, true),
                Arguments.of(TestModels.SHARDED, 2, false),
                Arguments.of(TestModels.TIED, 1, false),
                Arguments.of(TestModels.TIED, 2, true));
    }

    @ParameterizedTest(name = "{0} in {1} shards, embedding by rows {2}")
    @MethodSource("modelsAndShards")
    void shouldHoldTheVeryBitsOfTheModelThatItWasMadeFrom(Path directory, int shards, boolean embeddingByRows)
            throws IOException {
        compare(directory, shards, embeddingByRows);
    }

    @Test
    void shouldPutThreeShardsTogether() throws IOException {
        Path directory = folder.resolve("source");
        ModelSpec spec = ModelShape.parse("dim=96,layers=2,heads=6,kv=3,ffn=288,vocab=330", TensorType.F16);
        SyntheticCheckpoint.write(spec, directory, 7, (bytes, total) -> {});
        compare(directory, 3, false);
    }

    private void compare(Path directory, int shards, boolean embeddingByRows) throws IOException {
        try (Checkpoint original = Checkpoints.open(directory)) {
            MetaFolder.write(original, folder, shards, embeddingByRows);
            try (Checkpoint meta = Checkpoints.open(folder)) {
                assertThat(meta.spec())
                        .isEqualTo(named(original.spec(), meta.spec().name()));
                assertThat(Checkpoints.spec(folder)).isEqualTo(meta.spec());
                for (TensorSlot slot : new LlamaTensors(original.spec()).all()) {
                    WeightView view = slot.in(meta);
                    assertThat(view.type()).isEqualTo(slot.in(original).type());
                    assertThat(view.data().mismatch(slot.in(original).data()))
                            .as("first byte of %s that differs", slot.name())
                            .isEqualTo(-1);
                }
                assertThat(meta.has("lm_head.weight")).isEqualTo(original.has("lm_head.weight"));
            }
        }
    }

    @Test
    void shouldMapWhatNeedsNoMovingAndMakeTheRestOnce() throws IOException {
        try (Checkpoint original = Checkpoints.open(TestModels.SINGLE)) {
            MetaFolder.write(original, folder, 1, false);
        }
        try (Checkpoint meta = Checkpoints.open(folder)) {
            assertThat(meta.tensor("model.layers.1.mlp.up_proj.weight", 176, 64)
                            .data()
                            .isMapped())
                    .isTrue();
            var query = meta.tensor("model.layers.1.self_attn.q_proj.weight", 64, 64)
                    .data();
            assertThat(query.isMapped()).isFalse();
            assertThat(query.isReadOnly()).isTrue();
            assertThat(meta.tensor("model.layers.1.self_attn.q_proj.weight", 64, 64)
                            .data()
                            .address())
                    .isEqualTo(query.address());
        }
    }

    @Test
    void shouldDifferInItsFingerprintWhenTheWeightsDo() throws IOException {
        Path other = Files.createDirectory(folder.resolve("other"));
        Path same = Files.createDirectory(folder.resolve("same"));
        try (Checkpoint first = Checkpoints.open(TestModels.SINGLE)) {
            MetaFolder.write(first, folder, 2, false);
            MetaFolder.write(first, same, 2, false);
            MetaFolder.write(first, other, 1, false);
        }
        assertThat(fingerprint(same)).isEqualTo(fingerprint(folder));
        assertThat(fingerprint(other)).isNotEqualTo(fingerprint(folder));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'norm_eps': 1e-06 | 64 | 10000 | 2048 | 2",
                "'norm_eps': 1e-05 | 64 | 10000 | 4096 | 2",
                "'norm_eps': 1e-05, 'rope_theta': 1000000 | 64 | 1000000 | 16384 | 2",
                "'norm_eps': 1e-05, 'rope_theta': 500000.0 | 128256 | 500000 | 8192 | 128001,128008,128009",
                "'norm_eps': 1e-05, 'rope_theta': 500000.0, 'use_scaled_rope': true | 128256 | 500000 | 131072 |"
                        + " 128001,128008,128009",
            })
    void shouldTellTheVersionFromWhatDiffersBetweenThem(
            String fields, int vocabSize, double theta, int maxPositions, String ends) throws IOException {
        ModelSpec spec = params(fields).spec(folder, vocabSize, 32, false, TensorType.BF16);
        assertThat(spec.ropeTheta()).isEqualTo(theta);
        assertThat(spec.maxPositions()).isEqualTo(maxPositions);
        assertThat(spec.eosTokenIds()).hasToString(ends);
        assertThat(spec.kvHeadCount()).isEqualTo(4);
        assertThat(spec.ropeScaling())
                .isEqualTo(fields.contains("scaled") ? new RopeScaling.Llama3(32, 1, 4, 8192) : new RopeScaling.None());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'moe': {'num_experts': 8} | moe is not supported; plain LLaMA models are",
                "'quantization_args': {'scheme': 'int4'} | quantization_args is not supported",
                "'sliding_window': 4096 | sliding_window is not supported in Meta's layout",
                "'n_heads': 5 | dim (16) must be a multiple of n_heads (5)",
                "'n_heads': 0 | must be a multiple of n_heads (0)",
                "'n_kv_heads': 3 | num_attention_heads (4) must be a multiple of num_key_value_heads (3)",
                "'norm_eps': 'small' | \"norm_eps\" must be a finite number",
            })
    void shouldRefuseByNameWhatNeedsOtherArithmetic(String fields, String message) {
        assertThatThrownBy(() -> params(fields).spec(folder, 64, 32, false, TensorType.BF16))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll("params.json", message);
    }

    @Test
    void shouldSayWhatIsMissingOrDoesNotFit() throws IOException {
        try (Checkpoint original = Checkpoints.open(TestModels.SINGLE)) {
            MetaFolder.write(original, folder, 2, false);
        }
        Path first = folder.resolve("consolidated.00.pth");
        Path second = folder.resolve("consolidated.01.pth");
        Path params = folder.resolve("params.json");
        String good = Files.readString(params);

        Files.writeString(params, good.replace("\"n_layers\" : 4", "\"n_layers\" : 3"));
        assertRefused("holds tensor model.layers.3.", "a model of 3 layers as params.json describes");
        Files.writeString(params, good.replace("\"n_layers\" : 4", "\"n_layers\" : 5"));
        assertRefused("has no tensor model.layers.4.input_layernorm.weight");
        Files.writeString(params, good.replace("\"vocab_size\" : -1", "\"vocab_size\" : 400"));
        assertRefused("model.embed_tokens.weight has the shape [320, 64], but params.json asks for [400, 64]");
        Files.writeString(params, good);

        Files.copy(second, folder.resolve("consolidated.03.pth"));
        assertRefused("holds consolidated.03.pth but lacks shard 2 before it");
        Files.delete(folder.resolve("consolidated.03.pth"));
        Files.delete(second);
        assertRefused("has the shape");
        Files.move(first, second);
        assertRefused("holds consolidated.01.pth but lacks shard 0 before it");
        Files.move(second, first);
        Files.delete(params);
        assertRefused("Meta's own checkpoint, whose params.json is missing");
    }

    private MetaParams params(String fields) throws IOException {
        String base = "{'dim': 16, 'n_layers': 2, " + (fields.contains("'n_heads'") ? "" : "'n_heads': 4, ");
        Files.writeString(folder.resolve("params.json"), (base + fields + "}").replace('\'', '"'));
        return MetaParams.read(folder);
    }

    private void assertRefused(String... parts) {
        assertThatThrownBy(() -> Checkpoints.open(folder).close())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll(parts);
    }

    private static String fingerprint(Path directory) {
        try (Checkpoint checkpoint = Checkpoints.open(directory)) {
            return checkpoint.fingerprint();
        }
    }

    private static ModelSpec named(ModelSpec spec, String name) {
        return new ModelSpec(
                name,
                spec.hiddenSize(),
                spec.intermediateSize(),
                spec.layerCount(),
                spec.headCount(),
                spec.kvHeadCount(),
                spec.headDim(),
                spec.vocabSize(),
                spec.maxPositions(),
                spec.rmsNormEps(),
                spec.ropeTheta(),
                spec.ropeScaling() instanceof RopeScaling.Llama3 scaling
                        ? new RopeScaling.Llama3(scaling.factor(), 1, 4, 8192)
                        : spec.ropeScaling(),
                spec.tiedEmbeddings(),
                TokenIds.of(2),
                spec.weightType());
    }
}
