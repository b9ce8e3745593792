package io.caravan.gateway.tokenizer;

import io.caravan.formats.Checkpoints;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.sequence.TokenIds;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/**
 * A model folder as the gateway needs it; no weights.
 *
 * @param name what clients call the model
 */
public record ServedModel(
        String name, ModelSpec spec, Tokenizer tokenizer, ChatPrompt chatPrompt, SamplingDefaults defaults) {

    /** Turns of a chat to the model's own words. */
    @FunctionalInterface
    public interface ChatPrompt {
        /**
         * The prompt's text.
         *
         * @throws ChatTemplateException when the model has no template, or its template refuses the chat
         */
        String render(List<ChatMessage> messages, boolean addGenerationPrompt);
    }

    /**
     * Opens a folder in Hugging Face's or Meta's layout. One without a tokenizer can be used with token ids only.
     *
     * @throws TokenizerException when a file of the tokenizer is broken
     * @throws io.caravan.formats.ModelFormatException when {@code config.json} is missing or not supported
     */
    public static ServedModel open(Path directory) {
        ModelSpec spec = Checkpoints.spec(directory);
        TokenizerConfig config = TokenizerConfig.read(directory);
        Tokenizer tokenizer = FolderTokenizer.open(directory, config);
        ChatPrompt prompt = config.chatTemplate().isEmpty()
                ? (messages, add) -> {
                    throw new ChatTemplateException("the model " + spec.name()
                            + " has no chat template: use /v1/completions, or add chat_template.jinja to " + directory);
                }
                : ChatTemplate.of(
                        config.chatTemplate(), config.bosToken(), config.eosToken(), Clock.systemDefaultZone())::render;
        return new ServedModel(spec.name(), spec, tokenizer, prompt, SamplingDefaults.read(directory));
    }

    /** The same model under another name. */
    public ServedModel named(String otherName) {
        return new ServedModel(otherName, spec, tokenizer, chatPrompt, defaults);
    }

    /**
     * The chat as the model's tokens, ready for an answer. BOS comes from the template, or where the template leaves it
     * out and the tokenizer's configuration asks for it, from here; never twice.
     */
    public TokenIds chatTokens(List<ChatMessage> messages, boolean addGenerationPrompt) {
        return tokenizer.encodeRendered(chatPrompt.render(messages, addGenerationPrompt));
    }

    /** A prompt as the model's tokens. */
    public TokenIds promptTokens(String prompt) {
        return tokenizer.encode(prompt, true);
    }
}
