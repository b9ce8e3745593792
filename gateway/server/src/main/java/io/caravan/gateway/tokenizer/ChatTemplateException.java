package io.caravan.gateway.tokenizer;

/** A chat cannot be rendered: the template refused it, or the model has none; the message says which. */
public final class ChatTemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ChatTemplateException(String message) {
        super(message);
    }
}
