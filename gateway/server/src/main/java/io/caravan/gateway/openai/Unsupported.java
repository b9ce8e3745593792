package io.caravan.gateway.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.caravan.gateway.http.ApiException;
import io.caravan.gateway.http.JsonFields;
import io.caravan.gateway.http.Outside;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Refuses what would change an answer and is not done here: silence would be taken for consent. Fields that no answer depends
 * on are passed over, as are the finer settings of what is off ({@code mirostat_tau}, {@code dry_base}, {@code xtc_threshold}).
 */
final class Unsupported {
    /**
     * Fields of OpenAI's API and of its extensions by others, each with the values that ask for nothing, as JSON. Null, an
     * empty text, an empty list and an empty object ask for nothing anywhere.
     */
    private static final Map<String, List<JsonNode>> FIELDS = parse("""
            # OpenAI
            tools
            functions
            function_call              "none", "auto"
            audio                      false
            modalities                 ["text"]
            prediction
            reasoning_effort           "none"
            verbosity                  "medium"
            suffix

            # vLLM
            use_beam_search            false
            length_penalty             1
            min_tokens                 0
            bad_words
            allowed_token_ids
            logits_processors
            include_stop_str_in_output false
            skip_special_tokens        true
            spaces_between_special_tokens true
            truncate_prompt_tokens
            prompt_logprobs
            logprob_token_ids
            return_tokens_as_token_ids false
            return_prompt_text         false
            prompt_embeds              false
            continue_final_message     false
            documents
            chat_template
            chat_template_kwargs
            mm_processor_kwargs
            media_io_kwargs
            guided_json
            guided_regex
            guided_choice
            guided_grammar
            structured_outputs
            kv_transfer_params
            ec_transfer_params
            vllm_xargs
            repetition_detection
            watermarking               false
            thinking_token_budget
            priority                   0

            # SGLang
            regex
            ebnf
            stop_regex
            no_stop_trim               false
            lora_path
            session_params
            custom_logit_processor
            custom_params
            return_hidden_states       false

            # llama-server
            grammar
            json_schema
            typical_p                  1
            typ_p                      1
            tfs_z                      1
            mirostat                   0
            dry_multiplier             0
            xtc_probability            0
            dynatemp_range             0
            top_n_sigma                -1, 0
            adaptive_target            -1
            penalize_nl                false
            samplers
            min_keep                   0
            n_probs                    0
            post_sampling_probs        false
            return_tokens              false
            n_cmpl                     1
            n_keep                     0, -1
            n_discard                  0
            n_indent                   0
            t_max_predict_ms           0, -1
            image_data
            input_extra
            lora
            reasoning_budget           -1
            thinking_budget_tokens     -1
            thinking_forced_open       false

            # TGI, Ollama and others
            adapter
            adapter_id
            decoder_input_details      false
            return_full_text           false
            top_n_tokens               0
            truncate
            watermark                  false
            thinking                   false, {"type": "disabled"}
            enable_thinking            false
            think                      false
            format
            options
            images
            """);

    /** The same where a chat is asked for. */
    private static final Map<String, List<JsonNode>> CHAT_FIELDS = parse("""
            echo                       false
            add_special_tokens         false
            """);

    private Unsupported() {}

    /** Of a chat. */
    static void refuseInChat(JsonFields fields) {
        refuse(fields, CHAT_FIELDS);
        refuse(fields);
    }

    static void refuse(JsonFields fields) {
        refuse(fields, FIELDS);
        if (fields.has("web_search_options")) {
            throw unsupported("web_search_options", List.of());
        }
        String choice = fields.raw("tool_choice").isTextual() ? fields.text("tool_choice", "") : "none";
        if (fields.raw("tool_choice").isObject() || choice.equals("required")) {
            throw ApiException.invalid("tool_choice", "tool_choice is not supported, because tools are not");
        }
        String format = fields.object("response_format").text("type", "text");
        if (!format.equals("text")) {
            throw ApiException.invalid(
                    "response_format", "response_format " + Outside.echo(format) + " is not supported; text is");
        }
        if (fields.has("best_of")
                && fields.whole("best_of", 1, 1, Integer.MAX_VALUE) != fields.whole("n", 1, 1, Integer.MAX_VALUE)) {
            throw ApiException.invalid("best_of", "best_of other than n is not supported");
        }
        refuseWindow(fields);
    }

    /** Penalties count the whole sequence here; llama-server's count its last tokens, unless told -1. */
    private static void refuseWindow(JsonFields fields) {
        boolean penalises = fields.number("repeat_penalty", 1) != 1
                || fields.number("repetition_penalty", 1) != 1
                || fields.number("presence_penalty", 0) != 0
                || fields.number("frequency_penalty", 0) != 0;
        if (penalises && fields.whole("repeat_last_n", -1, -1, Integer.MAX_VALUE) != -1) {
            throw ApiException.invalid(
                    "repeat_last_n",
                    "repeat_last_n is not supported, because penalties count all tokens: leave it out or give -1");
        }
    }

    private static void refuse(JsonFields fields, Map<String, List<JsonNode>> table) {
        table.forEach((name, neutral) -> {
            JsonNode value = fields.raw(name);
            if (fields.has(name) && !isEmpty(value) && neutral.stream().noneMatch(each -> same(each, value))) {
                throw unsupported(name, neutral);
            }
        });
    }

    private static boolean isEmpty(JsonNode value) {
        return value.isContainerNode() && value.isEmpty()
                || value.isTextual() && value.textValue().isEmpty();
    }

    private static boolean same(JsonNode neutral, JsonNode value) {
        return neutral.isNumber() && value.isNumber()
                ? neutral.doubleValue() == value.doubleValue()
                : neutral.equals(value);
    }

    private static ApiException unsupported(String name, List<JsonNode> neutral) {
        String instead = neutral.isEmpty() ? "" : ", or give " + neutral.getFirst();
        return ApiException.invalid(name, name + " is not supported: leave it out" + instead);
    }

    private static Map<String, List<JsonNode>> parse(String table) {
        Map<String, List<JsonNode>> fields = new LinkedHashMap<>();
        table.lines().filter(line -> !line.isBlank() && !line.startsWith("#")).forEach(line -> {
            String[] nameAndValues = line.strip().split(" +", 2);
            fields.put(nameAndValues[0], nameAndValues.length == 1 ? List.of() : values(nameAndValues[1]));
        });
        return fields;
    }

    private static List<JsonNode> values(String json) {
        try {
            List<JsonNode> values = new ArrayList<>();
            new ObjectMapper().readTree("[" + json + "]").forEach(values::add);
            return values;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the table of fields has no JSON in " + json, e);
        }
    }
}
