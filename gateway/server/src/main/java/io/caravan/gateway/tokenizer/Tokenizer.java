package io.caravan.gateway.tokenizer;

import io.caravan.proto.sequence.TokenIds;
import java.util.List;
import java.util.Map;

/** Text to token ids and back. Implementations may be called by many threads at once. */
public interface Tokenizer {

    /**
     * The ids of {@code text}, in which special tokens may be written out.
     *
     * @param addSpecialTokens whether to put what begins a sequence, as BOS, in front where the model wants it
     * @throws TokenizerException when there is no tokenizer
     */
    TokenIds encode(String text, boolean addSpecialTokens);

    /**
     * The ids of what a chat template rendered: BOS is put in front where the tokenizer's configuration asks for it and
     * the template left it out.
     *
     * @throws TokenizerException when there is no tokenizer
     */
    TokenIds encodeRendered(String text);

    /**
     * The text of {@code ids}; special tokens have none. A character of which bytes are missing shows as U+FFFD. Empty
     * where there is no tokenizer.
     */
    String decode(TokenIds ids);

    /** What the token adds to a text when it stands inside one, special tokens written out. */
    String piece(int id);

    /** The tokens that a text names by writing them out; none where there is no tokenizer. */
    List<AddedToken> addedTokens();

    /**
     * The same tokenizer with other names for some of these tokens: in its texts, what they were called is text like any
     * other.
     *
     * @param names by the tokens' texts
     * @throws TokenizerException when there is not enough memory, or the like
     */
    Tokenizer renamed(Map<String, String> names);
}
