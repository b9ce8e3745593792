package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files as they are found in the world: cut short, mixed up, of another kind, or made to harm. */
class BadInputTest {
    private static final int MUTATIONS = 2000;

    @TempDir
    Path parent;

    private Path folder;
    private Path file;
    private byte[] good;

    @BeforeEach
    void makeASmallModel() throws IOException {
        folder = parent.resolve("model");
        SyntheticCheckpoint.write(ModelShape.named("tiny"), folder, 7, (bytes, total) -> {});
        file = folder.resolve("model.safetensors");
        good = Files.readAllBytes(file);
    }

    @Test
    void shouldRefuseAFileCutShortAnywhere() throws IOException {
        int dataStart = 8 + SafetensorsBytes.headerBytes(good);
        for (int length : new int[] {0, 1, 7, 8, 9, 500, dataStart - 1, dataStart, dataStart + 1, good.length - 1}) {
            Files.write(file, Arrays.copyOf(good, length));
            assertRefused("model.safetensors");
        }
        Files.write(file, Arrays.copyOf(good, good.length - 1));
        assertRefused("it was cut short or is still being downloaded: fetch it again");
        Files.write(file, Arrays.copyOf(good, good.length + 1));
        assertRefused("bytes of data, but its tensors end at byte");
    }

    @Test
    void shouldRefuseOrLoadCorrectlyWhateverBytesOfTheHeaderChange() throws IOException {
        var random = new Random(42);
        int headerEnd = 8 + SafetensorsBytes.headerBytes(good);
        int refused = 0;
        for (int round = 0; round < MUTATIONS; round++) {
            byte[] bad = good.clone();
            for (int change = random.nextInt(4); change >= 0; change--) {
                int at = random.nextInt(8) == 0 ? random.nextInt(8) : random.nextInt(headerEnd);
                bad[at] =
                        (byte) (random.nextBoolean() ? random.nextInt(256) : "0129[]{},:\"".charAt(random.nextInt(11)));
            }
            Files.write(file, bad);
            try (Checkpoint checkpoint = Checkpoints.open(folder)) {
                for (TensorSlot slot : new LlamaTensors(checkpoint.spec()).all()) {
                    WeightView view = slot.in(checkpoint);
                    assertThat(view.data().byteSize()).isEqualTo(view.type().bytes(view.elementCount()));
                }
            } catch (ModelFormatException e) {
                assertThat(e).as("mutation %d", round).hasMessageContaining("model");
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(MUTATIONS / 2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"data_offsets\":[0,32768] | \"data_offsets\":[0,32766] | takes 32768 bytes, but its data_offsets span 32766",
                "\"data_offsets\":[0,32768] | \"data_offsets\":[2,32770] | begins at byte 2 of the data, after a gap",
                "\"data_offsets\":[32768,32896] | \"data_offsets\":[32640,32768] | inside the tensor before it",
                "\"data_offsets\":[0,32768] | \"data_offsets\":[32768,0] | must be [begin, end] with begin <= end",
                "\"data_offsets\":[0,32768] | \"data_offsets\":[-2,32766] | must be a list of integers that are at least 0",
                "\"data_offsets\":[0,32768] | \"data_offsets\":[0,1e4] | must be a list of integers that are at least 0",
                "\"data_offsets\":[0,32768] | \"data_offsets\":[0,99999999999999999999] | integers that are at least 0",
                "\"data_offsets\":[0,32768] | \"data_offsets\":[0,9223372036854775807] | but the file has only",
                "\"data_offsets\":[0,32768] | \"offsets\":[0,32768] | lacks \"model.embed_tokens.weight.data_offsets\"",
                "\"shape\":[256,64] | \"shape\":[256,65] | takes 33280 bytes",
                "\"shape\":[256,64] | \"shape\":[128,128] | has the shape [128, 128], but config.json asks for [256, 64]",
                "\"shape\":[256,64] | \"shape\":[4294967296,4294967296] | impossible shape",
                "\"shape\":[256,64] | \"shape\":\"256x64\" | .shape\" must be a list of integers",
                "\"dtype\":\"BF16\",\"shape\":[256,64] | \"dtype\":\"I16\",\"shape\":[256,64] | is stored as I16; F32, F16 and BF16",
                "\"dtype\":\"BF16\",\"shape\":[256,64] | \"dtype\":\"F8_E4M3\",\"shape\":[512,64] | has the shape [512, 64]",
                "\"dtype\":\"BF16\",\"shape\":[256,64] | \"dtype\":\"Q4\",\"shape\":[256,64] | is stored as Q4; F32, F16",
                "\"dtype\":\"BF16\",\"shape\":[256,64] | \"dtype\":16,\"shape\":[256,64] | .dtype\" must be a string, not 16",
                "model.layers.0.mlp.up_proj.weight | model.layers.0.mlp.up_proj.qweight | quantised as GPTQ and AWQ do are not",
                "model.norm.weight | model.norm.wait | has no tensor model.norm.weight, which must have the shape [64]",
                "model.layers.3.mlp.up_proj.weight | model.layers.2.mlp.up_proj.weight | Duplicate field",
                "lm_head.weight | model.layers.4.mlp.up_proj.weight | \"tie_word_embeddings\" in config.json must be true",
            })
    void shouldSayWhatIsWrongWithAHeader(String right, String wrong, String message) throws IOException {
        String header = SafetensorsBytes.header(good).replaceAll("\\s", "");
        assertThat(header).contains(right);
        int at = header.indexOf(right);
        String damaged = header.substring(0, at) + wrong + header.substring(at + right.length());
        Files.write(file, SafetensorsBytes.withHeader(good, damaged));
        assertRefused(message, "model");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"model.layers.3.self_attn.q_proj.bias", "model.layers.4.mlp.up_proj.weight", "model.layers.x"})
    void shouldRefuseATensorThatTheArchitectureHasNoPlaceFor(String stranger) throws IOException {
        addEmptyTensor(stranger);
        assertRefused("holds tensor " + stranger, "a model of 4 layers", "has no place for");
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.layers.0.self_attn.rotary_emb.inv_freq", "medusa_head.0.weight"})
    void shouldLeaveTensorsAloneThatTheModelDoesNotUse(String stranger) throws IOException {
        addEmptyTensor(stranger);
        try (Checkpoint checkpoint = Checkpoints.open(folder)) {
            assertThat(checkpoint.has(stranger)).isTrue();
        }
    }

    @Test
    void shouldNotBelieveAHugeHeaderLength() throws IOException {
        byte[] bad = good.clone();
        Arrays.fill(bad, 0, 8, (byte) 0xff);
        Files.write(file, bad);
        assertRefused("claims a header of 18446744073709551615 bytes");
        Files.writeString(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
        assertRefused("Git LFS pointer: run git lfs pull");
    }

    @Test
    void shouldRefuseAConfigurationThatContradictsItsTensors() throws IOException {
        Path config = folder.resolve("config.json");
        String text = Files.readString(config);
        Files.writeString(config, text.replace("\"num_hidden_layers\" : 4", "\"num_hidden_layers\" : 2000000000"));
        assertRefused("has no tensor model.layers.4.input_layernorm.weight");
        Files.writeString(config, text.replace("\"num_hidden_layers\" : 4", "\"num_hidden_layers\" : 3"));
        assertRefused("holds tensor model.layers.3.", "a model of 3 layers");
        Files.writeString(config, text.replace("\"num_key_value_heads\" : 2", "\"num_key_value_heads\" : 4"));
        assertRefused("k_proj.weight has the shape [32, 64], but config.json asks for [64, 64]");
    }

    @Test
    void shouldSayWhichShardsAreMissingOrWrong() throws IOException {
        Path sharded = Files.createDirectory(parent.resolve("sharded"));
        TestModels.copy(TestModels.SHARDED, sharded);
        Path second = sharded.resolve("model-00002-of-00003.safetensors");
        Path index = sharded.resolve("model.safetensors.index.json");
        String places = Files.readString(index);

        Files.writeString(index, places.replaceFirst("model-00002-of-00003", "../model-00002-of-00003"));
        assertRefused(sharded, "must be the name of a .safetensors file in the same folder");
        Files.writeString(index, places.replaceFirst("model-00002-of-00003", "model-00001-of-00003"));
        assertRefused(sharded, "places tensor", "which does not hold it; it is in");
        Files.writeString(index, "{\"weight_map\": {}}");
        assertRefused(sharded, "\"weight_map\" is empty");
        Files.writeString(index, places);

        byte[] secondBytes = Files.readAllBytes(second);
        Files.copy(sharded.resolve("model-00001-of-00003.safetensors"), sharded.resolve("copy"));
        Files.move(sharded.resolve("copy"), second, StandardCopyOption.REPLACE_EXISTING);
        assertRefused(sharded, "is both in", "it must be in one file only");
        Files.write(second, secondBytes);
        Checkpoints.open(sharded).close();

        Files.delete(second);
        assertRefused(sharded, "lacks 1 of the 3 files", "model-00002-of-00003.safetensors");
        Files.delete(index);
        assertRefused(sharded, "a shard, whose model.safetensors.index.json is missing");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pytorch_model.bin | a PyTorch pickle, not supported: convert it to safetensors",
                "consolidated.00.pth | Meta's own checkpoint, whose params.json is missing",
                "consolidated.safetensors | safetensors under another name",
                "adapter_model.safetensors | a LoRA adapter without its base model",
                "tf_model.h5 | not supported",
            })
    void shouldNameAnotherKindOfCheckpoint(String name, String message) throws IOException {
        Path other = Files.createDirectory(parent.resolve("other"));
        Files.writeString(other.resolve(name), "x");
        assertRefused(other, name, message, "Hugging Face safetensors (F32, F16 or BF16), GGUF and Meta's");
    }

    @Test
    void shouldSayThatAFolderIsMissingOrAFile() {
        assertRefused(parent.resolve("nowhere"), "there is no model", "nowhere");
        assertRefused(file, "is a file", "or the folder");
    }

    private void addEmptyTensor(String name) throws IOException {
        String header = SafetensorsBytes.header(good).strip();
        long end = good.length - 8L - SafetensorsBytes.headerBytes(good);
        String extra = ",\"%s\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[%d,%d]}}".formatted(name, end, end);
        Files.write(file, SafetensorsBytes.withHeader(good, header.substring(0, header.length() - 1) + extra));
    }

    private void assertRefused(String... parts) {
        assertRefused(folder, parts);
    }

    private static void assertRefused(Path directory, String... parts) {
        assertThatThrownBy(() -> Checkpoints.open(directory).close())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll(parts);
    }
}
