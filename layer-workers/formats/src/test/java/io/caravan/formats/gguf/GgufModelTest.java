package io.caravan.formats.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.formats.LlamaTensors;
import io.caravan.formats.ModelFormatException;
import io.caravan.formats.TensorSlot;
import io.caravan.formats.WeightView;
import io.caravan.formats.gguf.GgufBuilder.Bytes;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufModelTest {
    private static final Path ORACLE = Path.of("../../tests/oracle/src/test/resources/oracle");
    private static final Path GROUPED = ORACLE.resolve("llama2-gqa-bf16-sharded");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"llama1-mha-f32", "llama2-gqa-bf16-sharded", "llama3-rope-f16-tied"})
    void shouldGiveTheTensorsOfTheModelThatWasConverted(String name) throws IOException {
        var builder = GgufBuilder.of(ORACLE.resolve(name));
        try (Checkpoint original = Checkpoints.open(ORACLE.resolve(name));
                Checkpoint read = Checkpoints.open(write(builder))) {
            assertThat(read.spec().withWeightType(original.spec().weightType()))
                    .usingRecursiveComparison()
                    .ignoringFields("name", "ropeScaling")
                    .isEqualTo(original.spec());
            for (TensorSlot slot : new LlamaTensors(original.spec()).all()) {
                WeightView expected = slot.in(original);
                assertThat(slot.in(read).type()).isEqualTo(expected.type());
                assertThat(slot.in(read).data().mismatch(expected.data()))
                        .as(slot.name())
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void shouldBeOpenedByFileOrFolderAndNamedAfterTheFile() throws IOException {
        Path file = write(GgufBuilder.of(GROUPED));
        Files.writeString(folder.resolve("mmproj-model.gguf"), "the eyes of a model");
        try (Checkpoint byFile = Checkpoints.open(file);
                Checkpoint byFolder = Checkpoints.open(folder)) {
            assertThat(byFile.spec().name()).isEqualTo("model");
            assertThat(byFolder.fingerprint()).isEqualTo(byFile.fingerprint());
            assertThat(Checkpoints.spec(folder)).isEqualTo(Checkpoints.spec(file));
        }
        Files.copy(file, folder.resolve("other.gguf"));
        assertRefused(folder, "holds 2 GGUF models (model.gguf, other.gguf)");
    }

    @Test
    void shouldDifferInFingerprintWhenWeightsDiffer() throws IOException {
        var builder = GgufBuilder.of(GROUPED);
        String before = fingerprint(write(builder));
        assertThat(fingerprint(write(builder))).isEqualTo(before);
        builder.tensors.getFirst().data()[0] ^= 1;
        assertThat(fingerprint(write(builder))).isNotEqualTo(before);
    }

    @Test
    void shouldReadTheBlocksOfQuantisedTensorsWithoutCopyingThem() throws IOException {
        var builder = GgufBuilder.of(GROUPED);
        builder.tensors.replaceAll(tensor -> tensor.name().endsWith("ffn_gate.weight") ? asQ8(tensor) : tensor);
        try (Checkpoint read = Checkpoints.open(write(builder))) {
            var spec = read.spec();
            WeightView gate =
                    read.tensor("model.layers.0.mlp.gate_proj.weight", spec.intermediateSize(), spec.hiddenSize());
            assertThat(gate.type()).hasToString("Q8_0");
            assertThat(gate.data().byteSize()).isEqualTo(gate.elementCount() / 32 * 34);
            assertThat(gate.data().isMapped()).isTrue();
        }
    }

    private static GgufBuilder.Tensor asQ8(GgufBuilder.Tensor tensor) {
        long elements = Arrays.stream(tensor.extents()).reduce(1, Math::multiplyExact);
        return new GgufBuilder.Tensor(
                tensor.name(), 8, tensor.extents(), new byte[Math.toIntExact(elements / 32 * 34)]);
    }

    @Test
    void shouldReadASplitModelFromAnyOfItsParts() throws IOException {
        var whole = GgufBuilder.of(GROUPED);
        int count = whole.tensors.size();
        for (int part = 0; part < 3; part++) {
            var builder = new GgufBuilder();
            if (part == 0) {
                builder.values.putAll(whole.values);
            }
            builder.uint("split.no", part).uint("split.count", 3).uint("split.tensors.count", count);
            builder.tensors.addAll(whole.tensors.subList(part * count / 3, (part + 1) * count / 3));
            Files.write(part(part + 1), builder.bytes());
        }
        try (Checkpoint split = Checkpoints.open(part(2));
                Checkpoint byFolder = Checkpoints.open(folder);
                Checkpoint original = Checkpoints.open(GROUPED)) {
            assertThat(split.spec().name()).isEqualTo("big");
            assertThat(byFolder.fingerprint()).isEqualTo(split.fingerprint());
            for (TensorSlot slot : new LlamaTensors(original.spec()).all()) {
                assertThat(slot.in(split).data().mismatch(slot.in(original).data()))
                        .isEqualTo(-1);
            }
        }
        Files.copy(part(3), folder.resolve("3"));
        Files.copy(part(1), part(3), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertRefused(part(1), "is part 1 of 3 by its metadata, but part 3 of 3 by its name");
        Files.delete(part(3));
        assertRefused(part(1), "is one of 3 parts", "big-00003-of-00003.gguf is missing");
    }

    private Path part(int number) {
        return folder.resolve("big-0000" + number + "-of-00003.gguf");
    }

    @Test
    void shouldFindLlama3ScalingAgainFromTheFactorsOfItsFrequencies() throws IOException {
        for (var scaling : List.of(new RopeScaling.Llama3(8, 1, 4, 8192), new RopeScaling.Llama3(32, 1, 4, 32))) {
            var builder = GgufBuilder.of(ORACLE.resolve("llama3-rope-f16-tied"));
            addFactors(builder, RopeFactors.divisors(scaling, 32, 500000));
            try (Checkpoint read = Checkpoints.open(write(builder))) {
                assertThat(read.spec().ropeScaling()).isEqualTo(scaling);
            }
        }
    }

    @Test
    void shouldKeepFactorsThatAreNotLlama3s() throws IOException {
        var builder = GgufBuilder.of(GROUPED);
        var divisors = List.of(1.0, 1.5, 1.25, 2.0, 2.5, 4.0, 8.0, 8.0);
        addFactors(builder, divisors);
        try (Checkpoint read = Checkpoints.open(write(builder))) {
            assertThat(read.spec().ropeScaling()).isEqualTo(new RopeScaling.Divisors(divisors));
        }
        builder.tensors.removeLast();
        addFactors(builder, List.of(1.0, 2.0));
        assertRefused(write(builder), "2 rotary factors is not supported", "8 of them");
    }

    private static void addFactors(GgufBuilder builder, List<Double> factors) {
        var bytes = new Bytes();
        factors.forEach(each -> bytes.int32(Float.floatToIntBits(each.floatValue())));
        builder.tensors.add(new GgufBuilder.Tensor("rope_freqs.weight", 0, new long[] {factors.size()}, bytes.done()));
    }

    @Test
    void shouldReadScalingAndPerLayerNumbersAsOtherWritersGiveThem() throws IOException {
        var builder = GgufBuilder.of(GROUPED);
        builder.text("llama.rope.scaling.type", "linear").real("llama.rope.scaling.factor", 4);
        var perLayer = new Bytes();
        int layers = 4;
        for (int i = 0; i < layers; i++) {
            perLayer.int32(8);
        }
        builder.array("llama.attention.head_count", 5, layers, perLayer);
        try (Checkpoint read = Checkpoints.open(write(builder))) {
            assertThat(read.spec().ropeScaling()).isEqualTo(new RopeScaling.Linear(4));
            assertThat(read.spec().headCount()).isEqualTo(8);
        }
        builder.array("llama.attention.head_count", 5, 2, new Bytes().int32(8).int32(4));
        assertRefused(write(builder), "llama.attention.head_count must be the same integer for every layer");
    }

    /** With llama.cpp's arithmetic: the file's attention factor is beside the one that follows from the scaling. */
    @Test
    void shouldReadYarn() throws IOException {
        var builder = GgufBuilder.of(GROUPED)
                .text("llama.rope.scaling.type", "yarn")
                .real("llama.rope.scaling.factor", 4)
                .uint("llama.rope.scaling.original_context_length", 100);
        assertScaling(builder, new RopeScaling.Yarn(4, 100, 0.1 * Math.log(4) + 1, 32, 1, true), 400);
        builder.real("llama.rope.scaling.attn_factor", 0.5f).real("llama.rope.scaling.yarn_beta_fast", 16);
        assertScaling(builder, new RopeScaling.Yarn(4, 100, 0.5 * (0.1 * Math.log(4) + 1), 16, 1, true), 400);
        var silent = GgufBuilder.of(GROUPED).text("llama.rope.scaling.type", "yarn");
        silent.real("llama.rope.scaling.factor", 2).uint("llama.context_length", 80);
        assertScaling(silent, new RopeScaling.Yarn(2, 80, 0.1 * Math.log(2) + 1, 32, 1, true), 160);
    }

    private void assertScaling(GgufBuilder builder, RopeScaling scaling, int context) throws IOException {
        try (Checkpoint read = Checkpoints.open(write(builder))) {
            assertThat(read.spec().ropeScaling()).isEqualTo(scaling);
            assertThat(read.spec().maxPositions()).isEqualTo(context);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "scaling.yarn_ext_factor",
                "scaling.yarn_attn_factor",
                "scaling.yarn_log_multiplier",
                "scaling.attn_factor"
            })
    void shouldRefuseScalingThatOtherArchitecturesRead(String key) throws IOException {
        assertRefused(
                write(GgufBuilder.of(GROUPED).real("llama.rope." + key, 0.7f)),
                "llama.rope." + key,
                "is not supported");
    }

    @Test
    void shouldReadWindowsBiasesAndNorms() throws IOException {
        try (Checkpoint read =
                Checkpoints.open(write(GgufBuilder.of(GROUPED).uint("llama.attention.sliding_window", 7)))) {
            assertThat(read.spec().variations().windowOf(3)).isEqualTo(7);
        }
        var halfBiased = GgufBuilder.of(GROUPED);
        halfBiased.tensors.add(new GgufBuilder.Tensor("blk.0.attn_q.bias", 0, new long[] {128}, new byte[512]));
        assertRefused(write(halfBiased), "has no tensor model.layers.0.self_attn.k_proj.bias");
    }

    @Test
    void shouldStopAtEveryTokenThatEndsATurn() throws IOException {
        var builder = GgufBuilder.of(GROUPED).uint("tokenizer.ggml.eot_token_id", 5);
        builder.array(
                "tokenizer.ggml.tokens",
                8,
                3,
                new Bytes().text("a").text("<|eot_id|>").text("c"));
        try (Checkpoint read = Checkpoints.open(write(builder))) {
            assertThat(read.spec().eosTokenIds()).isEqualTo(TokenIds.of(2, 5, 1));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "llama.expert_count | 8",
                "llama.rope.dimension_count | 8",
                "llama.attention.value_length | 8",
            })
    void shouldRefuseByNameWhatNeedsOtherArithmetic(String key, int value) throws IOException {
        assertRefused(write(GgufBuilder.of(GROUPED).uint(key, value)), "not supported");
    }

    @Test
    void shouldNameWhatIsNotSupported() throws IOException {
        assertRefused(
                write(GgufBuilder.of(GROUPED).text("general.architecture", "mamba")),
                "general.architecture mamba is not supported; llama, qwen2");
        assertRefused(
                write(GgufBuilder.of(GROUPED).text("llama.rope.scaling.type", "longrope")),
                "llama.rope.scaling.type longrope is not supported; none, linear and yarn are");
        var other = GgufBuilder.of(GROUPED);
        other.tensors.replaceAll(each -> new GgufBuilder.Tensor(each.name(), 16, each.extents(), each.data()));
        assertRefused(write(other), "is stored as IQ2_XXS, which is not supported");
        var biased = GgufBuilder.of(GROUPED);
        biased.tensors.add(new GgufBuilder.Tensor("blk.0.attn_k_b.weight", 0, new long[] {1}, new byte[4]));
        assertRefused(write(biased), "holds tensor model.layers.0.attn_k_b.weight", "has no place for");
        var old = GgufBuilder.of(GROUPED);
        old.version = 1;
        assertRefused(write(old), "is GGUF of version 1; versions 2 and 3 are supported");
        old.version = 0x03000000;
        assertRefused(write(old), "big-endian");
        var odd = GgufBuilder.of(GROUPED);
        odd.uint("general.alignment", 24);
        assertRefused(write(odd), "general.alignment must be a power of two, not 24");
        assertRefused(
                Files.writeString(folder.resolve("model.gguf"), "version https://git-lfs"), "does not begin with GGUF");
    }

    @Test
    void shouldNotBelieveCountsThatTheFileCannotHold() throws IOException {
        assertRefused(
                write(new GgufBuilder().array("many", 8, Long.MAX_VALUE, new Bytes())), "claims 9223372036854775807");
        assertRefused(write(new GgufBuilder().array("many", 6, 1L << 62, new Bytes())), "elements of many");
        assertRefused(write(new GgufBuilder().value("text", 8, new Bytes().int64(-1))), "which is impossible");
        assertRefused(write(new GgufBuilder().value("odd", 13, new Bytes())), "the type 13");
        var huge = new GgufBuilder();
        huge.tensors.add(new GgufBuilder.Tensor("token_embd.weight", 0, new long[] {1L << 31, 1L << 31}, new byte[0]));
        assertRefused(write(huge), "impossible shape");
    }

    @Test
    void shouldRefuseAFileCutShortAnywhere() throws IOException {
        byte[] good = GgufBuilder.of(GROUPED).bytes();
        for (int length : new int[] {0, 3, 4, 8, 23, 24, 40, 400, 3000, good.length / 2, good.length - 64}) {
            assertRefused(
                    Files.write(folder.resolve("model.gguf"), Arrays.copyOf(good, length)),
                    "model.gguf",
                    "fetch it again");
        }
    }

    @Test
    void shouldRefuseOrLoadCorrectlyWhateverBytesOfTheHeaderChange() throws IOException {
        var builder = GgufBuilder.of(GROUPED);
        builder.array("tokenizer.ggml.tokens", 8, 2, new Bytes().text("a").text("b"));
        byte[] good = builder.bytes();
        int dataBytes =
                builder.tensors.stream().mapToInt(each -> each.data().length).sum();
        var random = new Random(42);
        int refused = 0;
        for (int round = 0; round < 300; round++) {
            byte[] bad = good.clone();
            for (int change = random.nextInt(4); change >= 0; change--) {
                bad[random.nextInt(good.length - dataBytes)] =
                        (byte) (random.nextBoolean() ? 255 : random.nextInt(256));
            }
            try (Checkpoint checkpoint = Checkpoints.open(Files.write(folder.resolve("model.gguf"), bad))) {
                for (TensorSlot slot : new LlamaTensors(checkpoint.spec()).all()) {
                    WeightView view = slot.in(checkpoint);
                    assertThat(view.data().byteSize()).isEqualTo(view.type().bytes(view.elementCount()));
                }
            } catch (ModelFormatException e) {
                assertThat(e).as("mutation %d", round).hasMessageContaining("model.gguf");
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(150);
    }

    private Path write(GgufBuilder builder) throws IOException {
        return Files.write(folder.resolve("model.gguf"), builder.bytes());
    }

    private static String fingerprint(Path path) {
        try (Checkpoint checkpoint = Checkpoints.open(path)) {
            return checkpoint.fingerprint();
        }
    }

    private static void assertRefused(Path path, String... parts) {
        assertThatThrownBy(() -> Checkpoints.open(path).close())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll(parts);
    }
}
