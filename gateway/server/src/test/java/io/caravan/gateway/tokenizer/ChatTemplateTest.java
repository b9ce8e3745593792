package io.caravan.gateway.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every template beside {@code render.py} renders as jinja2 does with the transformers library's settings. */
class ChatTemplateTest {
    private static final Clock CLOCK = Clock.fixed(
            LocalDateTime.of(2026, 3, 4, 5, 6, 7).atZone(ZoneId.systemDefault()).toInstant(), ZoneId.systemDefault());

    record Case(String template, List<ChatMessage> messages, boolean prompt, String text, String error) {
        @Override
        public String toString() {
            return template + messages.stream().map(ChatMessage::role).toList() + (prompt ? "+" : "");
        }
    }

    static Stream<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        for (JsonNode each : new ObjectMapper().readTree(resource("expected.json"))) {
            List<ChatMessage> messages = new ArrayList<>();
            each.get("messages")
                    .forEach(m -> messages.add(new ChatMessage(
                            m.get("role").asText(), m.get("content").asText())));
            cases.add(new Case(
                    each.get("template").asText(),
                    messages,
                    each.get("add_generation_prompt").asBoolean(),
                    each.path("text").asText(),
                    each.path("error").asText()));
        }
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldRenderAsTransformersDoes(Case each) throws IOException {
        var template = ChatTemplate.of(resource(each.template()), "<s>", "</s>", CLOCK);
        if (each.error().isEmpty()) {
            assertThat(template.render(each.messages(), each.prompt())).isEqualTo(each.text());
        } else {
            assertThatThrownBy(() -> template.render(each.messages(), each.prompt()))
                    .isInstanceOf(ChatTemplateException.class)
                    .hasMessage(each.error());
        }
    }

    @Test
    void shouldNotLetATemplateReachIntoTheProcess() {
        var template = ChatTemplate.of("{{ messages[0].content.getClass().getName() }}", "", "", CLOCK);

        assertThatThrownBy(() -> template.render(List.of(new ChatMessage("user", "x")), true))
                .isInstanceOf(ChatTemplateException.class)
                .hasMessageContaining("getClass");
    }

    @Test
    void shouldSayWhereATemplateIsBroken() {
        var template = ChatTemplate.of("a\n{% for m in messages %}\n{{ m.role }", "", "", CLOCK);

        assertThatThrownBy(() -> template.render(List.of(new ChatMessage("user", "x")), true))
                .isInstanceOf(ChatTemplateException.class)
                .hasMessageContaining("chat template failed in line");
    }

    private static String resource(String name) throws IOException {
        try (var in = ChatTemplateTest.class.getResourceAsStream("/chat-templates/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
