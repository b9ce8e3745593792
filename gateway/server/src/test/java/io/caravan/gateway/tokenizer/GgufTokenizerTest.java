package io.caravan.gateway.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.formats.Checkpoints;
import io.caravan.formats.LlamaTensors;
import io.caravan.formats.PlannedTensor;
import io.caravan.formats.gguf.GgufFields;
import io.caravan.formats.gguf.GgufKeys;
import io.caravan.formats.gguf.GgufMetadata;
import io.caravan.formats.gguf.GgufModel;
import io.caravan.formats.gguf.GgufWriter;
import io.caravan.formats.sentencepiece.SentencePieceModel;
import io.caravan.gateway.TinyChat;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufTokenizerTest {
    private static final List<String> TEXTS = List.of(
            "Hello! Who are you?",
            "",
            " ",
            "  two  spaces\n\n and\tlines \n",
            "Grüße, 世界 🚐 – naïve café",
            "<|user|>\nTell me of the caravan.</s>\n<|assistant|>\n",
            "12345 + 67 = 12412; x_y_z (a[b]) {\"c\": null}",
            "the the the camels walk over the dunes at night");

    private static final List<ChatMessage> CHAT =
            List.of(new ChatMessage("system", "Be brief."), new ChatMessage("user", "Hello!"));

    @TempDir
    Path folder;

    @Test
    void shouldServeTheShippedModelFromGgufAsFromItsFolder() throws IOException {
        ServedModel original = TinyChat.open();
        ServedModel served = ServedModel.open(write(text()));
        for (String text : TEXTS) {
            TokenIds expected = original.promptTokens(text);
            assertThat(served.promptTokens(text)).as(text).isEqualTo(expected);
            assertThat(served.tokenizer().decode(expected))
                    .isEqualTo(original.tokenizer().decode(expected));
        }
        assertThat(served.chatTokens(CHAT, true)).isEqualTo(original.chatTokens(CHAT, true));
        assertThat(served.defaults()).isEqualTo(original.defaults());
    }

    /** As from files of other writers, who keep neither the tokenizer.json nor merges of pieces with scores. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldRebuildTheTokenizerFromTheVocabulary(boolean merges) throws IOException {
        var metadata = text();
        metadata.remove(GgufKeys.HUGGING_FACE_JSON);
        if (!merges) {
            metadata.remove(GgufKeys.MERGES);
        }
        ServedModel original = TinyChat.open();
        ServedModel served = ServedModel.open(write(metadata));
        for (String text : TEXTS) {
            assertThat(served.promptTokens(text)).as(text).isEqualTo(original.promptTokens(text));
        }
        assertThat(served.chatTokens(CHAT, true)).isEqualTo(original.chatTokens(CHAT, true));
    }

    @Test
    void shouldCutTextAsTheNamedWayDoes() throws IOException {
        var bytes = byteLevel("llama-bpe");
        assertThat(bytes.encode("Ab 1234", false).size()).isEqualTo(7);
        assertThat(bytes.decode(bytes.encode("Grüße 世界\n", false))).isEqualTo("Grüße 世界\n");
        assertThat(byteLevel("smollm").decode(byteLevel("smollm").encode("x = 42", false)))
                .isEqualTo("x = 42");
        assertThatThrownBy(() -> byteLevel("rare"))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("tokenizer.ggml.pre rare is not supported");
    }

    @Test
    void shouldEndAnAnswerWhereMetadataAndTemplateSay() throws IOException {
        var metadata = text().put(GgufKeys.EOS_ID, 3)
                .put(GgufKeys.CHAT_TEMPLATE, "{% for m in messages %}{{ m.content }}<|user|>{% endfor %}");

        assertThat(ServedModel.open(write(metadata)).endTokens()).hasToString("2,3,4");
    }

    @Test
    void shouldCarryEndsThatAreNamedAsTexts() throws IOException {
        Path source = Files.createDirectory(folder.resolve("source"));
        for (String name : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(TinyChat.directory().resolve(name), source.resolve(name));
        }
        Files.writeString(source.resolve("generation_config.json"), "{\"eos_token_id\": [2, \"<|user|>\"]}");

        Path written = write(CarriedText.toGguf(source, Checkpoints.spec(source)));
        assertThat(Checkpoints.spec(written).eosTokenIds()).hasToString("2,4");
    }

    @Test
    void shouldBeUsableWithTokenIdsWithoutATokenizer() throws IOException {
        ServedModel served = ServedModel.open(write(new GgufMetadata()));
        assertThatThrownBy(() -> served.promptTokens("text")).hasMessageContaining("send the prompt as token ids");
    }

    /** What llama.cpp asks of a file without a tokenizer. */
    @Test
    void shouldSayThatThereIsNoTokenizer() throws IOException {
        Path file = write(CarriedText.toGguf(folder, Checkpoints.spec(TinyChat.directory())));
        try (Arena arena = Arena.ofConfined()) {
            GgufFields fields = GgufModel.fields(file, arena);
            assertThat(fields.requireText(GgufKeys.MODEL)).isEqualTo("no_vocab");
            assertThat(fields.requireInt("llama.vocab_size"))
                    .isEqualTo(Checkpoints.spec(TinyChat.directory()).vocabSize());
        }
        assertThat(CarriedText.describe(file)).containsEntry("tokenizer", "none");
    }

    @Test
    void shouldCarryATokenizerModelWhereThereIsNoTokenizerJson() throws IOException {
        Path pieces = Files.createDirectory(folder.resolve("pieces"));
        Files.copy(TinyChat.directory().resolve("tokenizer.model"), pieces.resolve("tokenizer.model"));
        var spec = Checkpoints.spec(TinyChat.directory());
        Path file = write(CarriedText.toGguf(pieces, spec));
        Tokenizer original = FolderTokenizer.open(pieces, TokenizerConfig.read(pieces));
        for (String text : TEXTS) {
            assertThat(ServedModel.open(file).promptTokens(text)).as(text).isEqualTo(original.encode(text, true));
        }
        try (Arena arena = Arena.ofConfined()) {
            GgufFields fields = GgufModel.fields(file, arena);
            assertThat(fields.requireText(GgufKeys.MODEL)).isEqualTo("llama");
            assertThat(fields.booleanOr(GgufKeys.ADD_BOS, false)).isTrue();
            assertThat(fields.requireInt(GgufKeys.BOS_ID))
                    .isEqualTo(original.encode("", true).get(0));
            boolean prefixed =
                    SentencePieceModel.read(pieces.resolve("tokenizer.model")).spacePrefix();
            assertThat(fields.booleanOr(GgufKeys.ADD_SPACE_PREFIX, !prefixed)).isEqualTo(prefixed);
        }
        assertThat(CarriedText.describe(pieces)).containsEntry("tokenizer", "tokenizer.model");
    }

    /** Newer files say in their way to cut texts what older ones say in their normalizer. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'normalizer': {'type': 'Prepend', 'prepend': '_'}, 'pre_tokenizer': null | true",
                "'normalizer': null, 'pre_tokenizer': {'type': 'Metaspace', 'prepend_scheme': 'first'} | true",
                "'normalizer': null, 'pre_tokenizer': {'type': 'Metaspace', 'add_prefix_space': true} | true",
                "'normalizer': null, 'pre_tokenizer': {'type': 'Metaspace', 'prepend_scheme': 'never'} | false",
                "'normalizer': null, 'pre_tokenizer': null | false",
            })
    void shouldTellWhetherASpaceIsPutInFront(String steps, boolean prefixed) throws IOException {
        String model = "'model': {'type': 'BPE', 'byte_fallback': true, 'vocab': {'a': 0}, 'merges': []}";
        byte[] json = ("{" + steps + ", " + model + "}").replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        Path file = write(GgufVocabulary.of(json, TokenizerConfig.ABSENT, 1));
        try (Arena arena = Arena.ofConfined()) {
            assertThat(GgufModel.fields(file, arena).booleanOr(GgufKeys.ADD_SPACE_PREFIX, !prefixed))
                    .isEqualTo(prefixed);
        }
    }

    /** Byte pairs over bytes without any merge. */
    private Tokenizer byteLevel(String pre) throws IOException {
        var tokens = new String[256];
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean shown = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            tokens[b] = String.valueOf((char) (shown ? b : next++));
        }
        var metadata = new GgufMetadata()
                .put(GgufKeys.MODEL, "gpt2")
                .put(GgufKeys.PRE, pre)
                .putTexts(GgufKeys.TOKENS, List.of(tokens))
                .putTexts(GgufKeys.MERGES, List.of());
        return ServedModel.open(write(metadata)).tokenizer();
    }

    private static GgufMetadata text() {
        return CarriedText.toGguf(TinyChat.directory(), Checkpoints.spec(TinyChat.directory()));
    }

    /** A model whose weights are all zero, which is enough to be asked for its text. */
    private Path write(GgufMetadata text) throws IOException {
        var spec = Checkpoints.spec(TinyChat.directory());
        Path file = folder.resolve("text.gguf");
        var tensors = new LlamaTensors(spec)
                .all().stream()
                        .map(slot -> new PlannedTensor(slot, TensorType.F16))
                        .toList();
        GgufWriter.write(file, spec, text, tensors, (tensor, order, channel) -> {
            channel.write(ByteBuffer.allocate(Math.toIntExact(tensor.bytes())));
        });
        return file;
    }
}
