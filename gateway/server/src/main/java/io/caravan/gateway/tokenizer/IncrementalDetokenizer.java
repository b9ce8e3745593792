package io.caravan.gateway.tokenizer;

import io.caravan.proto.sequence.TokenIds;

/**
 * Text from tokens that come one by one, a whole character at a time.
 *
 * <p>A token is not a piece of text: a character may be spread over several byte tokens, and whether a token begins with a
 * space depends on what stands before it. So the last tokens are decoded twice, once without and once with what is new,
 * and the difference is told. What ends in an unfinished character is held back until it is finished, or until {@link
 * #MAX_HELD_TOKENS} show that it never will be. What was told, end to end, is the text of the tokens decoded at once,
 * after the text of the context.
 */
public final class IncrementalDetokenizer {
    /** Tokens before the first new one that are decoded with it. */
    static final int CONTEXT_TOKENS = 6;

    /** Most tokens held back for an unfinished character; one takes four bytes at most. */
    static final int MAX_HELD_TOKENS = 32;

    private static final String UNFINISHED = "\uFFFD";

    private final Tokenizer tokenizer;
    private TokenIds told;
    private String toldText;
    private TokenIds held = TokenIds.EMPTY;

    /** Begins after {@code before}: the prompt, or nothing. */
    public IncrementalDetokenizer(Tokenizer tokenizer, TokenIds before) {
        this.tokenizer = tokenizer;
        remember(before);
    }

    /** The text that {@code token} finishes; possibly empty. */
    public String next(int token) {
        held = held.concat(TokenIds.of(token));
        String text = difference();
        boolean whole = !text.isEmpty() && !text.endsWith(UNFINISHED);
        if (!whole && held.size() < MAX_HELD_TOKENS) {
            return "";
        }
        return tell(text);
    }

    /** What was held back, when no token follows. */
    public String finish() {
        return held.isEmpty() ? "" : tell(difference());
    }

    private String difference() {
        String both = tokenizer.decode(told.concat(held));
        if (both.startsWith(toldText)) {
            return both.substring(toldText.length());
        }
        // a broken byte made its neighbours unreadable too, some of which were told already
        return tokenizer.decode(held);
    }

    private String tell(String text) {
        if (!text.isEmpty()) {
            remember(held);
        }
        held = TokenIds.EMPTY;
        return text;
    }

    private void remember(TokenIds tokens) {
        told = tokens.slice(Math.max(0, tokens.size() - CONTEXT_TOKENS), tokens.size());
        toldText = tokenizer.decode(told);
    }
}
