package io.caravan.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.formats.SafetensorsFolder;
import io.caravan.formats.gguf.GgufMetadata;
import io.caravan.formats.gguf.GgufWriter;
import io.caravan.kernels.KernelChoice;
import io.caravan.model.convert.ConvertedData;
import io.caravan.model.convert.Retyping;
import io.caravan.model.kv.KvShape;
import io.caravan.oracle.TestPipeline.Setup;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A model in another format gives the same logits: to the bit where its weights were kept, near where they were not. */
class GgufTest {
    private static final TokenIds PROMPT = TokenIds.of(1, 5, 9, 33, 14, 60, 7, 7, 21, 40, 3);
    private static final Setup SETUP = Setup.of(KernelChoice.VECTOR);

    @TempDir
    Path folder;

    /** Layers that differ among each other in a way of their own have no place in GGUF. */
    private static final Set<String> WITHOUT_PLACE = Set.of("qwen2-window", "smollm3-nope");

    static List<OracleModel> models() {
        return OracleModel.all().stream()
                .filter(model -> !WITHOUT_PLACE.contains(model.name()))
                .toList();
    }

    @Test
    void shouldRefuseWhatGgufHasNoPlaceFor() {
        OracleModel.all().stream()
                .filter(model -> WITHOUT_PLACE.contains(model.name()))
                .forEach(model -> assertThatThrownBy(() -> gguf(model.directory(), Optional.empty()))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("has no place for what the layers of " + model.name()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("models")
    void shouldGiveTheSameBitsFromGguf(OracleModel model) throws IOException {
        float[] expected = logits(model.directory());
        assertThat(logits(gguf(model.directory(), Optional.empty()))).containsExactly(expected);
        assertThat(logits(gguf(model.directory(), Optional.of(TensorType.F32)))).containsExactly(expected);
    }

    @Test
    void shouldGiveTheSameBitsBackFromGgufAsSafetensors() throws IOException {
        Path file = gguf(TinyChat.DIRECTORY, Optional.empty());
        Path back = folder.resolve("back");
        try (Checkpoint checkpoint = Checkpoints.open(file)) {
            var plan = Retyping.of(checkpoint, Optional.empty(), false);
            SafetensorsFolder.write(
                    back,
                    plan.tensors(),
                    SafetensorsFolder.configuration(file, checkpoint.spec(), plan.commonestType()),
                    false,
                    new ConvertedData(checkpoint, written -> {}));
        }
        assertThat(logits(back)).containsExactly(logits(TinyChat.DIRECTORY));
    }

    /**
     * Bounds of the mean negative log-likelihood of the shipped model's answers, beside that of the original. Rows of this
     * model are no whole blocks of 256, so that Q4_K and Q6_K of it are Q8_0.
     */
    @Test
    void shouldLosePerplexityOnlyAsTheTypeMust() throws IOException {
        double before = nll(TinyChat.DIRECTORY);
        var bounds = Map.of(
                TensorType.BF16, 0.0,
                TensorType.F16, 1e-4,
                TensorType.Q8_0, 2e-3,
                TensorType.Q4_0, 5e-2,
                TensorType.Q4_K, 2e-3,
                TensorType.Q6_K, 2e-3);
        for (var bound : bounds.entrySet()) {
            double after = nll(gguf(TinyChat.DIRECTORY, Optional.of(bound.getKey())));
            System.out.printf(
                    "tiny-chat as %s: perplexity %.5f, of the original %.5f%n",
                    bound.getKey(), Math.exp(after), Math.exp(before));
            assertThat(after).as("%s", bound.getKey()).isCloseTo(before, within(bound.getValue()));
        }
    }

    @Test
    void shouldLosePerplexityOnlyAsTheKeysAndValuesMust() {
        double before = nll(TinyChat.DIRECTORY);
        var bounds = Map.of(TensorType.F16, 1e-4, TensorType.Q8_0, 2e-3);
        for (var bound : bounds.entrySet()) {
            var setup = SETUP.kv(new KvShape(320, 8, bound.getKey()));
            double after = nll(TinyChat.DIRECTORY, setup);
            System.out.printf(
                    "tiny-chat with keys and values as %s: perplexity %.5f, as F32 %.5f%n",
                    bound.getKey(), Math.exp(after), Math.exp(before));
            assertThat(after).as("%s", bound.getKey()).isCloseTo(before, within(bound.getValue()));
        }
    }

    private Path gguf(Path source, Optional<TensorType> type) throws IOException {
        return convert(source, folder.resolve(type.map(TensorType::name).orElse("same") + ".gguf"), type);
    }

    static Path convert(Path source, Path file, Optional<TensorType> type) throws IOException {
        try (Checkpoint checkpoint = Checkpoints.open(source)) {
            var plan = Retyping.of(checkpoint, type, true);
            GgufWriter.write(
                    file,
                    checkpoint.spec(),
                    new GgufMetadata(),
                    plan.tensors(),
                    new ConvertedData(checkpoint, written -> {}));
        }
        return file;
    }

    private static float[] logits(Path model) {
        try (var pipeline = new TestPipeline(model, SETUP)) {
            return pipeline.run(TestSequence.completing(1, PROMPT, 1, PROMPT.size()))
                    .logits()
                    .getFirst();
        }
    }

    private static double nll(Path model) {
        return nll(model, SETUP);
    }

    /** Mean negative log-likelihood of the tokens of the shipped model's reference answers. */
    private static double nll(Path model, Setup setup) {
        double sum = 0;
        int count = 0;
        try (var pipeline = new TestPipeline(model, setup)) {
            for (var chat : TinyChat.chats().subList(0, 3)) {
                var read =
                        pipeline.run(TestSequence.readingAlong(1, chat.prompt().concat(chat.answer())));
                for (int i = 0; i < chat.answer().size(); i++) {
                    float[] logits = read.logits().get(chat.prompt().size() - 1 + i);
                    sum -= OracleTest.logProbability(logits, chat.answer().get(i));
                    count++;
                }
            }
        }
        return sum / count;
    }
}
