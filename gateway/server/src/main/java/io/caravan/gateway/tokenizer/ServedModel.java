package io.caravan.gateway.tokenizer;

import io.caravan.formats.Checkpoints;
import io.caravan.formats.gguf.GgufFields;
import io.caravan.formats.gguf.GgufModel;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.sequence.TokenIds;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/**
 * A model as the gateway needs it; no weights.
 *
 * @param name what clients call the model
 * @param endTokens tokens that end an answer
 */
public record ServedModel(
        String name,
        ModelSpec spec,
        Tokenizer tokenizer,
        ChatPrompt chatPrompt,
        SamplingDefaults defaults,
        TokenIds endTokens,
        ChatEncoder chat) {

    /** One in whose chats only the template writes control tokens. */
    public ServedModel(
            String name,
            ModelSpec spec,
            Tokenizer tokenizer,
            ChatPrompt chatPrompt,
            SamplingDefaults defaults,
            TokenIds endTokens) {
        this(
                name,
                spec,
                tokenizer,
                chatPrompt,
                defaults,
                endTokens,
                new ChatEncoder(
                        chatPrompt, tokenizer, ControlTokens.of(tokenizer.addedTokens(), endTokens, chatPrompt)));
    }

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
     * Opens a folder in Hugging Face's or Meta's layout, or a GGUF file. One without a tokenizer can be used with token ids
     * only.
     *
     * @throws TokenizerException when the tokenizer is broken, or not supported
     * @throws io.caravan.formats.ModelFormatException when the model is missing or not supported
     */
    public static ServedModel open(Path path) {
        ModelSpec spec = Checkpoints.spec(path);
        if (Checkpoints.isGguf(path)) {
            return openGguf(path, spec);
        }
        return openFolder(path, spec);
    }

    /** That of a folder, whatever describes the weights. */
    static ServedModel openFolder(Path path, ModelSpec spec) {
        TokenizerConfig config = TokenizerConfig.read(path);
        Tokenizer tokenizer = FolderTokenizer.open(path, config);
        ChatPrompt prompt = prompt(path, spec, config);
        TokenIds ends = EndTokens.ofFolder(path, spec, tokenizer, prompt);
        return new ServedModel(spec.name(), spec, tokenizer, prompt, SamplingDefaults.read(path), ends);
    }

    private static ServedModel openGguf(Path path, ModelSpec spec) {
        try (Arena arena = Arena.ofConfined()) {
            GgufFields fields = GgufModel.fields(path, arena);
            var defaults = GgufTokenizer.defaults(fields);
            if (!GgufTokenizer.isIn(fields)) {
                ChatPrompt prompt = prompt(path, spec, TokenizerConfig.ABSENT);
                return new ServedModel(
                        spec.name(), spec, new MissingTokenizer(path), prompt, defaults, spec.eosTokenIds());
            }
            var config = GgufTokenizer.config(fields);
            var tokenizer = HuggingFaceTokenizer.read("the metadata of " + path, GgufTokenizer.json(fields), config);
            ChatPrompt prompt = prompt(path, spec, config);
            TokenIds ends = EndTokens.ofMetadata(config.eosToken(), spec, tokenizer, prompt);
            return new ServedModel(spec.name(), spec, tokenizer, prompt, defaults, ends);
        }
    }

    private static ChatPrompt prompt(Path path, ModelSpec spec, TokenizerConfig config) {
        return config.chatTemplate().isEmpty()
                ? (messages, add) -> {
                    throw new ChatTemplateException("the model " + spec.name()
                            + " has no chat template: use /v1/completions, or add chat_template.jinja to " + path);
                }
                : ChatTemplate.of(
                        config.chatTemplate(), config.bosToken(), config.eosToken(), Clock.systemDefaultZone())::render;
    }

    /** The same model under another name. */
    public ServedModel named(String otherName) {
        return new ServedModel(otherName, spec, tokenizer, chatPrompt, defaults, endTokens, chat);
    }

    /** The same model, whose chats may write control tokens in their messages. */
    public ServedModel allowingSpecialInContent() {
        return new ServedModel(name, spec, tokenizer, chatPrompt, defaults, endTokens, chat.trusting());
    }

    /** The same model, whose texts another tokenizer reads. */
    public ServedModel with(Tokenizer other) {
        return new ServedModel(name, spec, other, chatPrompt, defaults, endTokens, chat.with(other));
    }

    /**
     * The chat as the model's tokens, ready for an answer. BOS comes from the template, or where the template leaves it
     * out and the tokenizer's configuration asks for it, from here; never twice. What messages say becomes no control token.
     *
     * @throws TokenizerException when one of them is a token that the model does not have
     */
    public TokenIds chatTokens(List<ChatMessage> messages, boolean addGenerationPrompt) {
        return known(chat.encode(messages, addGenerationPrompt));
    }

    /**
     * A prompt as the model's tokens; it may write control tokens.
     *
     * @param addSpecialTokens whether what begins a sequence goes in front
     * @throws TokenizerException when one of them is a token that the model does not have
     */
    public TokenIds promptTokens(String prompt, boolean addSpecialTokens) {
        return known(tokenizer.encode(prompt, addSpecialTokens));
    }

    /** The same with what begins a sequence in front. */
    public TokenIds promptTokens(String prompt) {
        return promptTokens(prompt, true);
    }

    /** A tokenizer may have been given more tokens than its model was: {@code ids} that the model has weights for, or an error. */
    private TokenIds known(TokenIds ids) {
        for (int i = 0; i < ids.size(); i++) {
            if (ids.get(i) >= spec.vocabSize()) {
                throw new TokenizerException("the prompt has the token '" + tokenizer.piece(ids.get(i)) + "', whose id "
                        + ids.get(i) + " the model has no weights for: its vocabulary has " + spec.vocabSize()
                        + " tokens, with ids below that");
            }
        }
        return ids;
    }
}
