package io.caravan.gateway.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.formats.sentencepiece.Piece;
import io.caravan.formats.sentencepiece.SentencePieceModel;
import io.caravan.formats.sentencepiece.SentencePieceModel.Algorithm;
import io.caravan.gateway.TinyChat;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders that have {@code tokenizer.model} and no {@code tokenizer.json}. */
class TokenizerModelTest {
    private static final String[] SNIPPETS = {
        "What is 7 plus 5?",
        " ",
        "  ",
        "\n",
        "\t",
        "a",
        "The",
        " the",
        "Hello",
        "é",
        "日本",
        "🙂",
        "\u2581",
        "<s>",
        "</s>",
        "<|user|>",
        "<|assistant|>\n",
        "<unk>",
        "<0x41>",
        "12",
        "3.5",
        "...",
        "don't",
        "\u00a0",
        "ß",
        "\u0000",
        "e\u0301"
    };

    @TempDir
    Path directory;

    @Test
    void shouldCutTextsAsTheTokenizerJsonOfTheSameModelDoes() throws IOException {
        Files.copy(TinyChat.directory().resolve("tokenizer.model"), directory.resolve("tokenizer.model"));
        Tokenizer expected = TestTokenizers.withoutLeadingSpace();
        Tokenizer actual = FolderTokenizer.open(directory, TokenizerConfig.read(TinyChat.directory()));
        var random = new Random(3);
        for (int round = 0; round < 3000; round++) {
            var text = new StringBuilder();
            for (int part = random.nextInt(12); part >= 0; part--) {
                text.append(
                        random.nextInt(4) == 0
                                ? Character.toString(' ' + random.nextInt(95))
                                : SNIPPETS[random.nextInt(SNIPPETS.length)]);
            }
            TokenIds ids = expected.encode(text.toString(), false);
            assertThat(actual.encode(text.toString(), false))
                    .as("ids of '%s'", text)
                    .isEqualTo(ids);
            assertThat(actual.encode(text.toString(), true)).isEqualTo(expected.encode(text.toString(), true));
        }
    }

    @Test
    void shouldServeAFolderOfPieces() throws IOException {
        for (String name : List.of("tokenizer.model", "tokenizer_config.json", "config.json")) {
            Files.copy(TinyChat.directory().resolve(name), directory.resolve(name));
        }
        ServedModel model = ServedModel.open(directory);
        var chat = List.of(new ChatMessage("user", "What is 7 plus 5?"));
        TokenIds ids = TinyChat.open().chatTokens(chat, true);
        assertThat(model.chatTokens(chat, true)).isEqualTo(ids);
        assertThat(model.tokenizer().decode(model.promptTokens("A word, 日本 and 🙂.")))
                .isEqualTo("A word, 日本 and 🙂.");
    }

    @Test
    void shouldPutASpaceBeforeATextAndTakeItAwayAgain() {
        Tokenizer tokenizer = tokenizer(Algorithm.BYTE_PAIR, true);
        assertThat(tokenizer.encode("hello", false)).isEqualTo(TokenIds.of(8));
        assertThat(tokenizer.encode("hello", true)).isEqualTo(TokenIds.of(1, 8));
        assertThat(tokenizer.encode("lol", false)).isEqualTo(TokenIds.of(3, 11, 6));
        assertThat(tokenizer.decode(TokenIds.of(1, 8, 8, 2))).isEqualTo("hello hello");
    }

    @Test
    void shouldFindTheLikeliestPiecesOfAUnigramModel() {
        Tokenizer tokenizer = tokenizer(Algorithm.UNIGRAM, false);
        assertThat(tokenizer.encode("hello", false)).isEqualTo(TokenIds.of(9, 10));
        assertThat(tokenizer.encode("hel hello", false)).isEqualTo(TokenIds.of(9, 6, 8));
    }

    /** Pieces by id: 3 space, 4 to 7 letters, 8 a word with its space, 9 and 10 its parts. */
    private static Tokenizer tokenizer(Algorithm algorithm, boolean spacePrefix) {
        var pieces = new ArrayList<>(List.of(
                new Piece("<unk>", 0, Piece.Kind.UNKNOWN),
                new Piece("<s>", 0, Piece.Kind.CONTROL),
                new Piece("</s>", 0, Piece.Kind.CONTROL)));
        for (String letter : List.of("\u2581", "h", "e", "l", "o")) {
            pieces.add(new Piece(letter, -9, Piece.Kind.NORMAL));
        }
        pieces.add(new Piece("\u2581hello", -3, Piece.Kind.NORMAL));
        pieces.add(new Piece("he", -1, Piece.Kind.NORMAL));
        pieces.add(new Piece("llo", -2, Piece.Kind.NORMAL));
        pieces.add(new Piece("lo", -1.5f, Piece.Kind.NORMAL));
        pieces.add(new Piece("hello", -2.5f, Piece.Kind.NORMAL));
        var model = new SentencePieceModel(
                algorithm == Algorithm.UNIGRAM ? pieces.subList(0, 11) : pieces,
                algorithm,
                false,
                spacePrefix,
                0,
                1,
                2);
        return HuggingFaceTokenizer.read("test", SentencePieceTokenizer.json(model), TokenizerConfig.ABSENT);
    }

    @Test
    void shouldReadTheRanksOfLlama3() throws IOException {
        var lines = new StringBuilder();
        var tokens = new ArrayList<byte[]>();
        for (int each = 0; each < 256; each++) {
            tokens.add(new byte[] {(byte) each});
        }
        for (String merged : List.of("th", " t", "é", " th", " the", "the", "123")) {
            tokens.add(merged.getBytes(StandardCharsets.UTF_8));
        }
        for (int rank = 0; rank < tokens.size(); rank++) {
            lines.append(Base64.getEncoder().encodeToString(tokens.get(rank)))
                    .append(' ')
                    .append(rank)
                    .append('\n');
        }
        Files.writeString(directory.resolve("tokenizer.model"), lines);
        Tokenizer tokenizer = FolderTokenizer.open(directory, TokenizerConfig.ABSENT);
        assertThat(tokenizer.encode("the theé", false)).isEqualTo(TokenIds.of(261, 260, 258));
        assertThat(tokenizer.encode("1234", true)).isEqualTo(TokenIds.of(263, 262, '4'));
        int first = tokens.size();
        assertThat(tokenizer.encode("<|start_header_id|>a<|eot_id|>", false))
                .isEqualTo(TokenIds.of(first + 6, 'a', first + 9));
        assertThat(tokenizer.piece(first + 11)).isEqualTo("<|reserved_special_token_3|>");
        String text = "Any text: 日本 🙂\n";
        assertThat(tokenizer.decode(tokenizer.encode(text, true))).isEqualTo(text);

        Files.writeString(directory.resolve("tokenizer.model"), lines.toString().replace(" 77\n", " 78\n"));
        assertThatThrownBy(() -> FolderTokenizer.open(directory, TokenizerConfig.ABSENT))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContainingAll("tokenizer.model: line 78 must be a token", "the rank 77");
    }

    @Test
    void shouldSayWhatIsWrongWithTheFile() throws IOException {
        Files.writeString(directory.resolve("tokenizer.model"), "version https://git-lfs.github.com/spec/v1");
        assertThatThrownBy(() -> FolderTokenizer.open(directory, TokenizerConfig.ABSENT))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("tokenizer.model is not a Protocol Buffers message");
    }
}
