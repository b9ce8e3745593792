package io.caravan.gateway.server;

import static io.caravan.gateway.server.GatewayFixture.ANSWER;
import static io.caravan.gateway.server.GatewayFixture.HELLO;
import static io.caravan.gateway.server.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.proto.actor.SequenceEvent.Refusal;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApiErrorsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static GatewayFixture gateway;

    @BeforeAll
    static void start() {
        gateway = new GatewayFixture(
                "api-keys = [sesame], http.max-body-bytes = 20000, http.cors-origins = [\"https://a.example\"]");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.script.refusal = List.of();
        gateway.script.completion = request -> ANSWER;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "\"temperature\": \"hot\" | temperature | must be a number, not a string",
                "\"temperature\": -1 | temperature | between 0 and 100",
                "\"top_p\": 0 | top_p | above 0",
                "\"max_tokens\": 0 | max_tokens | between 1",
                "\"max_tokens\": 1.5 | max_tokens | a whole number",
                "\"n\": 65 | n | between 1 and 64",
                "\"stop\": 5 | stop | a string or an array of strings",
                "\"stop\": [\"\"] | stop | empty",
                "\"stop\": [\"a\", 5] | stop[1] | must be a string",
                "\"stream\": \"yes\" | stream | true or false",
                "\"stream_options\": {\"include_usage\": 1} | stream_options.include_usage | true or false",
                "\"logit_bias\": {\"x\": 1} | logit_bias | must name tokens",
                "\"logit_bias\": {\"5000\": 1} | logit_bias | must name tokens",
                "\"top_logprobs\": 2 | top_logprobs | needs logprobs",
                "\"top_logprobs\": 21, \"logprobs\": true | top_logprobs | between 0 and 20",
                "\"tools\": [{}] | tools | not supported",
                "\"response_format\": {\"type\": \"json_object\"} | response_format | not supported",
                "\"stop_token_ids\": [1024] | stop_token_ids[0] | between 0 and 1023",
            })
    void shouldNameTheFieldThatIsWrong(String field, String param, String message) {
        HttpResponse<String> response = post(CHAT, "{" + HELLO + ", " + field + "}");

        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonNode error = json(response).get("error");
        assertThat(error.get("param").asText()).isEqualTo(param);
        assertThat(error.get("message").asText()).contains(message);
        assertThat(error.get("type").asText()).isEqualTo("invalid_request_error");
        assertThat(error.has("code")).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "{} | messages",
                "{\"messages\": []} | messages",
                "{\"messages\": \"hi\"} | messages",
                "{\"messages\": [5]} | messages[0]",
                "{\"messages\": [{\"content\": \"x\"}]} | messages[0].role",
                "{\"messages\": [{\"role\": \"user\", \"content\": 5}]} | messages[0].content",
                "{\"messages\": [{\"role\": \"</s>\", \"content\": \"a\"}]} | messages[0].role",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"User\"}]} | messages[1].role",
                "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]} | messages[0].content[0].type",
            })
    void shouldNameTheMessageThatIsWrong(String body, String param) {
        HttpResponse<String> response = post(CHAT, body);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(json(response).at("/error/param").asText()).isEqualTo(param);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "{} | prompt",
                "{\"prompt\": 5} | prompt",
                "{\"prompt\": []} | prompt",
                "{\"prompt\": [1, 5000]} | prompt[1]",
                "{\"prompt\": [[1], []]} | prompt[1]",
                "{\"prompt\": [\"a\", true]} | prompt[1]",
                "{\"prompt\": \"a\", \"suffix\": \"b\"} | suffix",
                "{\"prompt\": \"a\", \"logprobs\": true} | logprobs",
            })
    void shouldNameThePromptThatIsWrong(String body, String param) {
        HttpResponse<String> response = post("/v1/completions", body);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(json(response).at("/error/param").asText()).isEqualTo(param);
    }

    /** Each asks for another answer than there would be without it. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "audio | {\"voice\": \"a\"}",
                "modalities | [\"text\", \"audio\"]",
                "prediction | {\"type\": \"content\"}",
                "reasoning_effort | \"high\"",
                "verbosity | \"low\"",
                "web_search_options | {}",
                "use_beam_search | true",
                "length_penalty | 0.5",
                "min_tokens | 3",
                "bad_words | [\"a\"]",
                "allowed_token_ids | [5]",
                "logits_processors | [\"a\"]",
                "include_stop_str_in_output | true",
                "skip_special_tokens | false",
                "spaces_between_special_tokens | false",
                "truncate_prompt_tokens | 4",
                "prompt_logprobs | 0",
                "logprob_token_ids | [5]",
                "return_tokens_as_token_ids | true",
                "continue_final_message | true",
                "documents | [{\"text\": \"a\"}]",
                "chat_template | \"{{ messages }}\"",
                "chat_template_kwargs | {\"enable_thinking\": false}",
                "mm_processor_kwargs | {\"a\": 1}",
                "guided_json | {\"type\": \"object\"}",
                "guided_regex | \"a*\"",
                "guided_choice | [\"a\"]",
                "guided_grammar | \"root ::= a\"",
                "structured_outputs | {\"json\": {}}",
                "kv_transfer_params | {\"a\": 1}",
                "priority | 1",
                "regex | \"a*\"",
                "ebnf | \"root ::= a\"",
                "lora_path | \"a\"",
                "grammar | \"root ::= a\"",
                "json_schema | {\"type\": \"object\"}",
                "typical_p | 0.9",
                "mirostat | 2",
                "dry_multiplier | 0.8",
                "xtc_probability | 0.5",
                "dynatemp_range | 0.5",
                "top_n_sigma | 1.5",
                "samplers | [\"top_k\"]",
                "n_probs | 3",
                "n_keep | 5",
                "t_max_predict_ms | 100",
                "lora | [{\"id\": 0, \"scale\": 1}]",
                "adapter | \"a\"",
                "reasoning_budget | 0",
                "thinking | {\"type\": \"enabled\"}",
                "think | true",
                "echo | true",
                "add_special_tokens | true",
                "suffix | \"b\"",
                "best_of | 3",
                "functions | [{}]",
            })
    void shouldRefuseByNameWhatIsNotDone(String field, String value) {
        String wish = "{" + HELLO + ", \"" + field + "\": " + value + "}";
        HttpResponse<String> response = post(CHAT, wish);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(json(response).at("/error/param").asText()).isEqualTo(field);
        assertThat(json(response).at("/error/message").asText()).contains(field, "not supported");
        assertThat(post("/tokenize", wish).statusCode()).isEqualTo(400);
    }

    @Test
    void shouldRefuseAWindowOfPenaltiesThatAreOn() {
        HttpResponse<String> response = post(CHAT, "{" + HELLO + ", \"repeat_penalty\": 1.1, \"repeat_last_n\": 64}");

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response).at("/error/param").asText()).isEqualTo("repeat_last_n");
    }

    /** As clients send them who send every field that they know. */
    @Test
    void shouldTakeTheValuesThatAskForNothing() {
        HttpResponse<String> response = post(
                CHAT,
                "{" + HELLO + ", \"tools\": [], \"tool_choice\": \"auto\", \"audio\": null, \"modalities\": [\"text\"],"
                        + "\"use_beam_search\": false, \"length_penalty\": 1.0, \"min_tokens\": 0, \"bad_words\": [],"
                        + "\"skip_special_tokens\": true, \"spaces_between_special_tokens\": true, \"prompt_logprobs\": null,"
                        + "\"include_stop_str_in_output\": false, \"best_of\": 1, \"priority\": 0, \"logit_bias\": {},"
                        + "\"mirostat\": 0, \"mirostat_tau\": 5.0, \"mirostat_eta\": 0.1, \"typical_p\": 1.0, \"tfs_z\": 1,"
                        + "\"dry_multiplier\": 0.0, \"dry_base\": 1.75, \"dry_allowed_length\": 2, \"dry_penalty_last_n\": -1,"
                        + "\"xtc_probability\": 0, \"xtc_threshold\": 0.1, \"dynatemp_range\": 0, \"dynatemp_exponent\": 1,"
                        + "\"top_n_sigma\": -1, \"repeat_penalty\": 1.0, \"repeat_last_n\": 64, \"grammar\": \"\", \"lora\": [],"
                        + "\"cache_prompt\": true, \"id_slot\": -1, \"n_keep\": 0, \"samplers\": [], \"n_probs\": 0,"
                        + "\"reasoning_format\": \"auto\", \"timings_per_token\": true, \"chat_template_kwargs\": {},"
                        + "\"add_special_tokens\": false, \"echo\": false, \"store\": false, \"metadata\": {\"a\": \"b\"}}");

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    }

    @Test
    void shouldSayWhereJsonIsMalformed() {
        HttpResponse<String> response = post(CHAT, "{\n  \"messages\": [,]}");

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response).at("/error/message").asText()).contains("line 2, column 16");
    }

    @Test
    void shouldRefuseAPromptLongerThanTheContext() {
        HttpResponse<String> response =
                post("/v1/completions", "{\"prompt\": \"" + "What is 7 plus 5? ".repeat(100) + "\"}");

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response).at("/error/code").asText()).isEqualTo("context_length_exceeded");
        assertThat(json(response).at("/error/message").asText()).contains("512");
    }

    @Test
    void shouldRefuseABodyThatIsTooLarge() {
        HttpResponse<String> response = post("/v1/completions", "{\"prompt\": \"" + "x".repeat(30_000) + "\"}");

        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(json(response).at("/error/code").asText()).isEqualTo("body_too_large");
    }

    @Test
    void shouldRefuseABodyBeyondTheLimitThatHttpItselfKnows() {
        HttpResponse<String> response = post("/v1/completions", "x".repeat(9 << 20));

        assertThat(response.statusCode()).isEqualTo(413);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "'' | JSON object, not nothing",
                "[] | JSON object, not an array",
                "null | JSON object, not null",
                "{} {} | trailing",
                "{\"messages\": | end-of-input",
            })
    void shouldRefuseBodiesThatAreNotOneObject(String body, String message) {
        HttpResponse<String> response = post(CHAT, body.equals("''") ? "" : body);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(json(response).at("/error/message").asText()).containsIgnoringCase(message);
    }

    @Test
    void shouldRefuseNestingThatIsTooDeep() {
        HttpResponse<String> response = post(CHAT, "[".repeat(5000));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(json(response).at("/error/message").asText()).contains("not valid JSON", "nesting depth");
    }

    @Test
    void shouldAnswerWhatIsNotHttpInTheSameShape() {
        HttpResponse<String> tooLong = gateway.get("/" + "a".repeat(5000));

        assertThat(tooLong.statusCode()).isEqualTo(414);
        assertThat(json(tooLong).at("/error/message").asText()).contains("URI length");
        assertThat(json(tooLong).at("/error/type").asText()).isEqualTo("invalid_request_error");
    }

    @Test
    void shouldTellAMethodThatIsNotAnsweredWhichAre() {
        for (String method : List.of("OPTIONS", "DELETE", "PUT")) {
            HttpResponse<String> response = send(HttpRequest.newBuilder(gateway.uri("/v1/models"))
                    .method(method, HttpRequest.BodyPublishers.noBody()));
            assertThat(response.statusCode()).isEqualTo(405);
            assertThat(response.headers().firstValue("allow")).contains("GET, HEAD");
        }
        HttpResponse<String> head =
                send(HttpRequest.newBuilder(gateway.uri("/v1/models")).HEAD());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
    }

    @Test
    void shouldNotKnowOtherModels() {
        HttpResponse<String> response = post(CHAT, "{" + HELLO + ", \"model\": \"gpt-4\"}");

        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(json(response).at("/error/code").asText()).isEqualTo("model_not_found");
        assertThat(json(response).at("/error/message").asText()).contains("tiny-chat");
    }

    @Test
    void shouldAnswerWrongPathsAndMethodsInTheSameShape() {
        HttpResponse<String> nothing = send(HttpRequest.newBuilder(gateway.uri("/nothing")));
        assertThat(nothing.statusCode()).isEqualTo(404);
        assertThat(json(nothing).at("/error/code").asText()).isEqualTo("not_found");
        HttpResponse<String> wrong = send(HttpRequest.newBuilder(gateway.uri(CHAT)));
        assertThat(wrong.statusCode()).isEqualTo(405);
        assertThat(json(wrong).at("/error/message").asText()).contains("answers POST, not GET");
    }

    @Test
    void shouldWantAKey() {
        HttpResponse<String> without = gateway.post(CHAT, "{" + HELLO + "}");
        assertThat(without.statusCode()).isEqualTo(401);
        assertThat(json(without).at("/error/code").asText()).isEqualTo("invalid_api_key");
        HttpResponse<String> wrong =
                gateway.send(HttpRequest.newBuilder(gateway.uri("/v1/models")).header("Authorization", "Bearer sesam"));
        assertThat(wrong.statusCode()).isEqualTo(401);
        assertThat(gateway.get("/health").statusCode()).isEqualTo(200);
        assertThat(post(CHAT, "{" + HELLO + "}").statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({"INVALID,400", "OVERLOADED,429", "UNAVAILABLE,503", "FAILED,500"})
    void shouldGiveRefusalsTheirStatusBeforeAStreamBegins(Refusal refusal, int status) {
        gateway.script.refusal = List.of(refusal);
        for (String stream : List.of("true", "false")) {
            HttpResponse<String> response = post(CHAT, "{" + HELLO + ", \"stream\": " + stream + "}");

            assertThat(response.statusCode()).isEqualTo(status);
            assertThat(json(response).at("/error/message").asText()).isEqualTo("stage 1 has no worker");
            assertThat(response.headers().firstValue("retry-after").isPresent())
                    .isEqualTo(status == 429 || status == 503);
        }
    }

    @Test
    void shouldLetAllowedPagesReadItsAnswers() {
        assertThat(preflight("https://a.example").headers().firstValue("access-control-allow-origin"))
                .contains("https://a.example");
        assertThat(preflight("https://b.example").headers().firstValue("access-control-allow-origin"))
                .isEmpty();
    }

    private static HttpResponse<String> preflight(String origin) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(CHAT))
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                .header("Origin", origin)
                .header("Access-Control-Request-Method", "POST"));
    }

    private static HttpResponse<String> post(String path, String body) {
        return send(HttpRequest.newBuilder(gateway.uri(path)).POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) {
        return gateway.send(request.header("Authorization", "Bearer sesame"));
    }
}
