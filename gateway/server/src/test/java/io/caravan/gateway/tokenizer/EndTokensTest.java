package io.caravan.gateway.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.gateway.TinyChat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The shipped model's tokens under other names, so that each file can name an end of its own. */
class EndTokensTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, String> RENAMED =
            Map.of("<|system|>", "<|im_end|>", "<|user|>", "<|eot_id|>", "<|assistant|>", "<end_of_turn>");

    @TempDir
    Path folder;

    @BeforeEach
    void copy() throws IOException {
        String tokenizer = Files.readString(TinyChat.directory().resolve("tokenizer.json"));
        for (var each : RENAMED.entrySet()) {
            tokenizer = tokenizer.replace("\"" + each.getKey() + "\"", "\"" + each.getValue() + "\"");
        }
        Files.writeString(folder.resolve("tokenizer.json"), tokenizer);
        config("2");
    }

    /** The tokens' ids: {@code </s>} 2, {@code <|im_end|>} 3, {@code <|eot_id|>} 4, {@code <end_of_turn>} 5. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "tokenizer_config.json ~ {'eos_token': '<|im_end|>'} ~ 2,3",
                "tokenizer_config.json ~ {'eos_token': {'__type': 'AddedToken', 'content': '<|eot_id|>'}} ~ 2,4",
                "tokenizer_config.json ~ {'eos_token': ['<|eot_id|>', {'content': '<end_of_turn>'}]} ~ 2,4,5",
                "tokenizer_config.json ~ {'eos_token': null} ~ 2",
                "tokenizer_config.json ~ {'eos_token': 'no token of this model'} ~ 2",
                "special_tokens_map.json ~ {'eos_token': {'content': '<end_of_turn>'}} ~ 2,5",
                "generation_config.json ~ {'eos_token_id': [4, 2]} ~ 2,4",
                "generation_config.json ~ {'eos_token_id': '<end_of_turn>'} ~ 2,5",
                "generation_config.json ~ {'eos_token_id': [{'content': '<end_of_turn>'}, 3]} ~ 2,3,5",
                "generation_config.json ~ {'eos_token_id': 5000} ~ 2",
            })
    void shouldBeAllThatAnyFileNames(String file, String json, String ids) throws IOException {
        write(file, json);

        assertThat(ServedModel.open(folder).endTokens()).hasToString(ids);
    }

    @Test
    void shouldReadTextsInTheModelsOwnConfiguration() throws IOException {
        config("[\"<|eot_id|>\", {\"content\": \"<end_of_turn>\"}, 2]");

        assertThat(ServedModel.open(folder).endTokens()).hasToString("2,4,5");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "{% for m in messages %}<|eot_id|>{{ m.role }}\\n{{ m.content }}<|im_end|>\\n{% endfor %} ~ 2,3",
                "{% for m in messages %}[{{ m.role }}]{{ m.content | trim }} <end_of_turn>\\n{% endfor %} ~ 2,5",
                // only between turns
                "{% for m in messages %}{{ m.content }}{% if not loop.last %}<|im_end|>{% endif %}{% endfor %} ~ 2,3",
                // a system message of the template's own ends as an answer does
                "be kind<|im_end|>{% for m in messages %}<|eot_id|>{{ m.content }}<|im_end|>{% endfor %} ~ 2,3",
                // what begins the next turn ends none
                "{% for m in messages %}<|eot_id|>{{ m.role }}\\n{{ m.content }}{% endfor %} ~ 2",
                "{% for m in messages %}{{ m.content }}\\n{% endfor %} ~ 2",
                "{{ raise_exception('never') }} ~ 2",
            })
    void shouldHaveWhatTheTemplateWritesBehindAnAnswer(String template, String ids) throws IOException {
        Files.writeString(folder.resolve("chat_template.jinja"), template.replace("\\n", "\n"));

        assertThat(ServedModel.open(folder).endTokens()).hasToString(ids);
    }

    @Test
    void shouldBeReadFromATokenizerWithoutSpecialMarks() throws IOException {
        var json = (ObjectNode) JSON.readTree(folder.resolve("tokenizer.json").toFile());
        json.path("added_tokens").forEach(each -> ((ObjectNode) each).put("special", false));
        Files.writeString(folder.resolve("tokenizer.json"), json.toString());
        Files.writeString(
                folder.resolve("chat_template.jinja"), "{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}");

        assertThat(ServedModel.open(folder).endTokens()).hasToString("2,3");
    }

    @Test
    void shouldBeTheShippedModelsOwn() {
        assertThat(TinyChat.open().endTokens()).hasToString("2");
        assertThat(TurnEnd.of(
                        TinyChat.open().chatPrompt(),
                        TinyChat.open().tokenizer().addedTokens()))
                .hasValueSatisfying(end -> assertThat(end.id()).isEqualTo(2));
        assertThat(TurnEnd.of(TinyChat.open().chatPrompt(), List.of())).isEmpty();
    }

    private void config(String eos) throws IOException {
        var config = (ObjectNode)
                JSON.readTree(TinyChat.directory().resolve("config.json").toFile());
        config.set("eos_token_id", JSON.readTree(eos));
        Files.writeString(folder.resolve("config.json"), config.toString());
    }

    private void write(String file, String json) throws IOException {
        Files.writeString(folder.resolve(file), json.replace('\'', '"'));
    }
}
