package io.caravan.gateway.tokenizer;

import io.caravan.proto.sequence.TokenIds;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Stands in for the tokenizer that a model folder lacks: token ids can be used, text cannot. */
record MissingTokenizer(Path directory) implements Tokenizer {
    @Override
    public TokenIds encode(String text, boolean addSpecialTokens) {
        throw new TokenizerException(directory + " has no " + HuggingFaceTokenizer.FILE
                + ", so text cannot become tokens: send the prompt as token ids, or add the file");
    }

    @Override
    public TokenIds encodeRendered(String text) {
        return encode(text, false);
    }

    @Override
    public String decode(TokenIds ids) {
        return "";
    }

    @Override
    public String piece(int id) {
        return "";
    }

    @Override
    public List<AddedToken> addedTokens() {
        return List.of();
    }

    @Override
    public Tokenizer renamed(Map<String, String> names) {
        return this;
    }
}
