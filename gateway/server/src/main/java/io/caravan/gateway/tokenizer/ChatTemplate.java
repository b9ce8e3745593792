package io.caravan.gateway.tokenizer;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.time.Clock;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model's chat template: turns of a chat become the text that the model was trained on.
 *
 * <p>Templates are Jinja as the transformers library runs it: {@code trim_blocks} and {@code lstrip_blocks} on, the last
 * newline of the template dropped, {@code raise_exception}, {@code strftime_now}, Python's {@code tojson}, and Python's
 * methods on strings and maps ({@link PythonMethods}). What a message says is data: it is never read as a template.
 */
public final class ChatTemplate {
    /** Longest text that a template may make of a chat. */
    static final long MAX_RENDERED_CHARS = 64L << 20;

    private final Jinjava jinjava;
    private final String source;
    private final Map<String, Object> constants;

    private ChatTemplate(Jinjava jinjava, String source, Map<String, Object> constants) {
        this.jinjava = jinjava;
        this.source = source;
        this.constants = constants;
    }

    /**
     * A template from its source.
     *
     * @param bosToken text of the token that begins a sequence, empty where the model has none
     * @param eosToken text of the token that ends one, empty where the model has none
     * @param clock what {@code strftime_now} tells
     */
    public static ChatTemplate of(String source, String bosToken, String eosToken, Clock clock) {
        JinjavaConfig config = JinjavaConfig.newBuilder()
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                .withKeepTrailingNewline(true)
                .withNestedInterpretationEnabled(false)
                .withMaxOutputSize(MAX_RENDERED_CHARS)
                .withTimeZone(ZoneId.systemDefault())
                .withDateTimeProvider(clock::millis)
                .withElResolver(PythonMethods.resolver())
                .withLegacyOverrides(LegacyOverrides.newBuilder()
                        .withEvaluateMapKeys(true)
                        .withIterateOverMapKeys(true)
                        .withUsePyishObjectMapper(true)
                        .withUseNaturalOperatorPrecedence(true)
                        .withParseWhitespaceControlStrictly(true)
                        .withUseTrimmingForNotesAndExpressions(true)
                        .withKeepNullableLoopValues(true)
                        .withHandleBackslashInQuotesOnly(true)
                        .build())
                .build();
        var jinjava = new Jinjava(config);
        jinjava.registerFunction(
                new ELFunctionDefinition("", "raise_exception", TemplateFunctions.class, "raise", Object.class));
        jinjava.registerFunction(
                new ELFunctionDefinition("", "strftime_now", TemplateFunctions.class, "now", Object.class));
        jinjava.registerFilter(new PythonJsonFilter());
        jinjava.registerFilter(new PythonTrimFilter());
        jinjava.registerFilter(new ItemsFilter());
        jinjava.registerTag(new GenerationTag());
        return new ChatTemplate(
                jinjava, adapted(source), Map.of("bos_token", bosToken, "eos_token", eosToken, "strftime_now", true));
    }

    /**
     * The chat as the model expects to see it.
     *
     * @param addGenerationPrompt whether to end with what begins an answer
     * @throws ChatTemplateException when the template refuses the chat, with the template's own words
     */
    public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        Map<String, Object> bindings = new HashMap<>(constants);
        bindings.put("messages", messages.stream().map(ChatTemplate::asMap).toList());
        bindings.put("add_generation_prompt", addGenerationPrompt);
        RenderResult result = jinjava.renderForResult(source, bindings);
        for (TemplateError error : result.getErrors()) {
            if (error.getSeverity() == TemplateError.ErrorType.FATAL) {
                throw new ChatTemplateException(reason(error));
            }
        }
        return result.getOutput();
    }

    /** Jinja drops the newline that ends a template; Jinjava would drop the one that ends what was rendered. */
    private static String adapted(String source) {
        String trimmed = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
        return trimmed.replace("[::-1]", "|reverse|list");
    }

    private static Map<String, Object> asMap(ChatMessage message) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("role", message.role());
        map.put("content", message.content());
        return map;
    }

    private static String reason(TemplateError error) {
        for (Throwable cause = error.getException(); cause != null; cause = cause.getCause()) {
            if (cause instanceof ChatTemplateException) {
                return cause.getMessage();
            }
        }
        return "the model's chat template failed in line " + error.getLineno() + ": " + error.getMessage();
    }
}
