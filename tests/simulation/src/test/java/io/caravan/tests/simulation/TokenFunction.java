package io.caravan.tests.simulation;

import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import java.util.Arrays;

/** Stands for a model: the next token is a pure function of the tokens before it. */
final class TokenFunction {
    static final int VOCABULARY = 24;

    /** A prompt's token that a stage cannot compute. */
    static final int FAULTY_TOKEN = VOCABULARY;

    /** A prompt's token over which a stage breaks down. */
    static final int BREAKING_TOKEN = VOCABULARY + 1;

    static final int ALL_TOKENS = VOCABULARY + 2;
    static final int END_TOKEN = 7;

    private TokenFunction() {}

    /** @param prefix [count] all tokens before the one asked for */
    static int next(int[] prefix, int count) {
        long hash = 0x9E3779B97F4A7C15L;
        for (int i = 0; i < count; i++) {
            hash = (hash ^ prefix[i]) * 0xBF58476D1CE4E5B9L;
            hash ^= hash >>> 29;
        }
        return (int) Long.remainderUnsigned(hash, VOCABULARY);
    }

    /** Whether a request can get no answer. */
    static boolean poisoned(TokenIds tokens) {
        return tokens.contains(FAULTY_TOKEN) || tokens.contains(BREAKING_TOKEN);
    }

    /** The whole completion that a request gets when it is alone in the world. */
    static int[] completion(SequenceRequest request, int maxSequenceTokens) {
        int promptCount = request.prompt().size();
        int[] tokens = Arrays.copyOf(request.prompt().toArray(), promptCount + request.maxCompletionTokens());
        int count = promptCount;
        do {
            tokens[count] = next(tokens, count);
            count++;
        } while (!request.endTokens().contains(tokens[count - 1])
                && count - promptCount < request.maxCompletionTokens()
                && count < maxSequenceTokens);
        return Arrays.copyOfRange(tokens, promptCount, count);
    }
}
