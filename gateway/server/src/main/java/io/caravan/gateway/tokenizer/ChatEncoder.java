package io.caravan.gateway.tokenizer;

import io.caravan.proto.sequence.TokenIds;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Chats as tokens, of which only the template's own words become control tokens. A chat whose messages spell none is encoded
 * as it is rendered. One that does is rendered in a {@link Disguise}, and encoded by a second tokenizer that knows the
 * control tokens by private names: the template's own are written with these, and what messages say is plain text to it.
 */
public final class ChatEncoder {
    private static final int NAME_BYTES = 16;

    private final ServedModel.ChatPrompt prompt;
    private final Tokenizer tokenizer;
    private final ControlTokens control;
    private final Map<String, String> names;
    private volatile List<Tokenizer> strict = List.of();

    ChatEncoder(ServedModel.ChatPrompt prompt, Tokenizer tokenizer, ControlTokens control) {
        this.prompt = prompt;
        this.tokenizer = tokenizer;
        this.control = control;
        this.names = privateNames(control);
    }

    /** Names that nobody can guess, for whoever knew one could write a control token. */
    private static Map<String, String> privateNames(ControlTokens control) {
        byte[] secret = new byte[NAME_BYTES];
        new SecureRandom().nextBytes(secret);
        String prefix = HexFormat.of().formatHex(secret);
        return control.tokens().stream()
                .collect(Collectors.toMap(AddedToken::text, each -> "<" + prefix + "-" + each.id() + ">", (a, b) -> a));
    }

    /** The same without caring what messages say. */
    ChatEncoder trusting() {
        return new ChatEncoder(prompt, tokenizer, ControlTokens.NONE);
    }

    /** The same with another tokenizer of the same tokens. */
    ChatEncoder with(Tokenizer other) {
        return new ChatEncoder(prompt, other, control);
    }

    /** The chat's tokens. */
    TokenIds encode(List<ChatMessage> messages, boolean addGenerationPrompt) {
        if (control.isEmpty()) {
            return tokenizer.encodeRendered(prompt.render(messages, addGenerationPrompt));
        }
        var disguise = new Disguise(control, messages);
        String text = prompt.render(disguise.messages(), addGenerationPrompt);
        if (disguise.isDangerous()) {
            refuseAssembled(text, prompt.render(disguise.inert(), addGenerationPrompt));
        }
        if (disguise.isUnused()) {
            TokenIds ids = tokenizer.encodeRendered(text);
            if (!control.exceed(ids, text)) {
                return ids;
            }
        }
        return strict().encodeRendered(disguise.restored(control.renamed(text, names::get)));
    }

    /** A template that puts texts together could complete what a message only begins. */
    private void refuseAssembled(String text, String inert) {
        Map<String, Integer> written = control.countsIn(inert);
        control.countsIn(text).forEach((token, count) -> {
            if (count > written.getOrDefault(token, 0)) {
                throw new ChatTemplateException("with the chat template's own words, what the messages say makes the"
                        + " control token " + token + ", which only the template may write;"
                        + " --allow-special-in-content lets messages write it");
            }
        });
    }

    /** Loaded when it is first needed, which for most models is never. */
    private Tokenizer strict() {
        if (strict.isEmpty()) {
            synchronized (this) {
                if (strict.isEmpty()) {
                    strict = List.of(tokenizer.renamed(names));
                }
            }
        }
        return strict.getFirst();
    }
}
