package io.caravan.gateway.tokenizer;

/** A text has more tokens than there may be, which is known before all of it has become tokens. */
public final class ContextOverflowException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ContextOverflowException(int mostTokens) {
        super(
                "the text has more than " + mostTokens + " tokens, which is the most that is taken: shorten it",
                null,
                false,
                false);
    }
}
