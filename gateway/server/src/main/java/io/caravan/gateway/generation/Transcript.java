package io.caravan.gateway.generation;

import io.caravan.gateway.tokenizer.IncrementalDetokenizer;
import io.caravan.gateway.tokenizer.StopStrings;
import io.caravan.gateway.tokenizer.Tokenizer;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tokens of a completion as they come, each position once and in order, and their text up to a stop string. Plain
 * state, driven by {@link GenerationActor}.
 */
final class Transcript {
    private static final int INITIAL_CAPACITY = 64;

    private final GenerationRequest request;
    private final IncrementalDetokenizer detokenizer;
    private final StopStrings stops;
    private int[] tokens = new int[INITIAL_CAPACITY];
    private int count;

    Transcript(GenerationRequest request, Tokenizer tokenizer) {
        this.request = request;
        this.detokenizer = new IncrementalDetokenizer(tokenizer, request.prompt());
        this.stops = new StopStrings(request.stopStrings());
    }

    /**
     * What is new.
     *
     * @param gap whether a position is missing before some of what came, which was dropped
     */
    record Growth(String text, List<TokenChoice> tokens, boolean gap) {}

    /** Takes what is new of {@code choices}; drops repeats, and what follows a gap or a stop string. */
    Growth append(List<TokenChoice> choices) {
        var text = new StringBuilder();
        List<TokenChoice> taken = new ArrayList<>(choices.size());
        for (TokenChoice choice : choices) {
            int index = choice.position() - request.prompt().size();
            if (index > count) {
                return new Growth(text.toString(), taken, true);
            }
            if (index == count && !stopped()) {
                add(choice.token());
                taken.add(choice);
                if (!request.endTokens().contains(choice.token())) {
                    text.append(stops.next(detokenizer.next(choice.token())));
                }
            }
        }
        return new Growth(text.toString(), taken, false);
    }

    /** What was held back, now that no token follows. */
    String finish() {
        return stops.next(detokenizer.finish()) + stops.finish();
    }

    /** Whether a stop string came. */
    boolean stopped() {
        return stops.found();
    }

    int count() {
        return count;
    }

    TokenIds completion() {
        return TokenIds.copyOf(tokens, count);
    }

    private void add(int token) {
        if (count == tokens.length) {
            tokens = Arrays.copyOf(tokens, count * 2);
        }
        tokens[count++] = token;
    }
}
