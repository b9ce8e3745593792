package io.caravan.gateway.tokenizer;

/** Text cannot become tokens; the message says what is missing or broken and what would be right. */
public final class TokenizerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TokenizerException(String message) {
        super(message);
    }

    public TokenizerException(String message, Throwable cause) {
        super(message, cause);
    }
}
