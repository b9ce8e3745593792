package io.caravan.gateway.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.caravan.gateway.TinyChat;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServedModelTest {
    private static final List<ChatMessage> HELLO = List.of(new ChatMessage("user", "Hello!"));

    @Test
    void shouldMakeTheShippedModelsPromptsAndReadItsAnswers() throws IOException {
        ServedModel model = TinyChat.open();
        JsonNode chats = new ObjectMapper()
                .readTree(TinyChat.directory().resolve("expected.json").toFile());
        assertThat(chats).isNotEmpty();
        for (JsonNode chat : chats) {
            List<ChatMessage> messages = new ArrayList<>();
            chat.get("messages")
                    .forEach(each -> messages.add(new ChatMessage(
                            each.get("role").asText(), each.get("content").asText())));

            assertThat(model.chatPrompt().render(messages, true))
                    .isEqualTo(chat.get("prompt").asText());
            assertThat(model.chatTokens(messages, true)).isEqualTo(ids(chat.get("prompt_ids")));
            assertThat(model.tokenizer().decode(ids(chat.get("answer_ids"))))
                    .isEqualTo(chat.get("answer").asText());
        }
    }

    @Test
    void shouldNotBeginTwice() {
        ServedModel model = TinyChat.open();

        assertThat(model.promptTokens("Hello!").toString()).startsWith("1,").doesNotStartWith("1,1,");
        assertThat(model.promptTokens("<s>Hello!")).isEqualTo(model.promptTokens("Hello!"));
        assertThat(model.tokenizer().encode("Hello!", false))
                .isEqualTo(model.promptTokens("Hello!").slice(1, 3));
    }

    @Test
    void shouldFollowTheTokenizersOwnFileWhereTheConfigurationSaysNothing(@TempDir Path directory) throws IOException {
        copy(directory, "config.json", "tokenizer.json");
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"bos_token\": {\"content\": \"<s>\"}}");
        ServedModel model = ServedModel.open(directory);

        assertThat(model.promptTokens("Hello!").get(0)).isEqualTo(1);
        assertThat(model.tokenizer().encodeRendered("Hello!").get(0)).isNotEqualTo(1);
    }

    @Test
    void shouldNotBeginWhereTheConfigurationForbidsIt(@TempDir Path directory) throws IOException {
        copy(directory, "config.json", "tokenizer.json");
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"add_bos_token\": false}");

        assertThat(ServedModel.open(directory).promptTokens("Hello!").get(0)).isNotEqualTo(1);
    }

    @Test
    void shouldTakeTheDefaultOfSeveralTemplatesAndPreferTheTemplatesOwnFile(@TempDir Path directory)
            throws IOException {
        copy(directory, "config.json", "tokenizer.json");
        Files.writeString(directory.resolve("tokenizer_config.json"), """
                {"chat_template": [{"name": "tool_use", "template": "tools"},
                                   {"name": "default", "template": "{{ messages[0].content }}!"}]}""");
        assertThat(ServedModel.open(directory).chatPrompt().render(HELLO, true)).isEqualTo("Hello!!");

        Files.writeString(directory.resolve("chat_template.jinja"), "file\n");
        assertThat(ServedModel.open(directory).chatPrompt().render(HELLO, true)).isEqualTo("file");
    }

    @Test
    void shouldRefuseATokenThatTheModelHasNoWeightsFor(@TempDir Path directory) throws IOException {
        copy(directory, "config.json");
        Files.writeString(
                directory.resolve("tokenizer.json"),
                Files.readString(TinyChat.directory().resolve("tokenizer.json"))
                        .replaceFirst("\"added_tokens\"\\s*:\\s*\\[", """
                        "added_tokens": [{"id": 1024, "content": "<pad>", "single_word": false, "lstrip": false,
                            "rstrip": false, "normalized": false, "special": true},"""));
        Files.writeString(
                directory.resolve("tokenizer_config.json"), "{\"chat_template\": \"<pad>{{ messages[0].content }}\"}");
        ServedModel model = ServedModel.open(directory);

        assertThat(model.promptTokens("Hello!").size()).isPositive();
        assertThat(model.tokenizer().encode("<pad>", false)).isEqualTo(TokenIds.of(1024));
        assertUnknown(() -> model.promptTokens("Hello<pad>!"));
        assertUnknown(() -> model.chatTokens(HELLO, true));

        Files.writeString(
                directory.resolve("tokenizer_config.json"), "{\"bos_token\": \"<pad>\", \"add_bos_token\": true}");
        assertUnknown(() -> ServedModel.open(directory).promptTokens("Hello!"));
    }

    private static void assertUnknown(ThrowableAssert.ThrowingCallable prompt) {
        assertThatThrownBy(prompt)
                .isInstanceOf(TokenizerException.class)
                .hasMessageContainingAll("'<pad>'", "id 1024", "vocabulary has 1024 tokens");
    }

    @Test
    void shouldServeTokenIdsWithoutATokenizer(@TempDir Path directory) throws IOException {
        copy(directory, "config.json");
        ServedModel model = ServedModel.open(directory);

        assertThat(model.tokenizer().decode(TokenIds.of(5, 6))).isEmpty();
        assertThatThrownBy(() -> model.promptTokens("text"))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContaining("token ids");
        assertThatThrownBy(() -> model.chatTokens(HELLO, true))
                .isInstanceOf(ChatTemplateException.class)
                .hasMessageContaining("no chat template");
    }

    @Test
    void shouldSayWhichFileIsBroken(@TempDir Path directory) throws IOException {
        copy(directory, "config.json");
        Files.writeString(directory.resolve("tokenizer.json"), "{");

        assertThatThrownBy(() -> ServedModel.open(directory))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("tokenizer.json");
    }

    @Test
    void shouldTakeSamplingFromTheGenerationConfig(@TempDir Path directory) throws IOException {
        assertThat(SamplingDefaults.read(directory)).isEqualTo(SamplingDefaults.PLAIN);

        Files.writeString(
                directory.resolve("generation_config.json"),
                "{\"temperature\": 0.6, \"top_p\": 0.9, \"top_k\": 40, \"eos_token_id\": [2, 3]}");
        assertThat(SamplingDefaults.read(directory)).isEqualTo(new SamplingDefaults(0.6f, 40, 0.9f, 0, 1));
    }

    @Test
    void shouldTakeTheLikeliestTokensOfAModelThatIsNotToBeSampled(@TempDir Path directory) throws IOException {
        assertThat(TinyChat.open().defaults().temperature()).isZero();

        Files.writeString(directory.resolve("generation_config.json"), "{\"do_sample\": false, \"temperature\": 0.6}");
        assertThat(SamplingDefaults.read(directory).temperature()).isZero();
    }

    @Test
    void shouldSpellATokenAsItStandsInsideAText() {
        Tokenizer tokenizer = TinyChat.open().tokenizer();
        var spelled = new StringBuilder();
        tokenizer.encode("What is 7 plus 5?", false).stream().forEach(id -> spelled.append(tokenizer.piece(id)));

        assertThat(spelled.toString()).isEqualTo("What is 7 plus 5?");
        assertThat(tokenizer.piece(2)).isEqualTo("</s>");
    }

    private static TokenIds ids(JsonNode ids) {
        TokenIds all = TokenIds.EMPTY;
        for (JsonNode id : ids) {
            all = all.concat(TokenIds.of(id.asInt()));
        }
        return all;
    }

    private static void copy(Path directory, String... names) throws IOException {
        for (String name : names) {
            Files.copy(TinyChat.directory().resolve(name), directory.resolve(name));
        }
    }
}
