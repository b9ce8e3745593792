package io.caravan.oracle;

import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import java.util.ArrayList;
import java.util.List;

/** A sequence on its way through a pipeline: greedy, its prompt in chunks, every choice with its logits. */
final class TestSequence {
    final long id;
    final int promptCount;
    private final int completionCount;
    private final int chunk;
    private final boolean everyPosition;
    private final List<float[]> logits = new ArrayList<>();
    private final List<float[]> hidden = new ArrayList<>();
    private TokenIds tokens;
    private int computedCount;

    private TestSequence(long id, TokenIds prompt, int completionCount, int chunk, boolean everyPosition) {
        this.id = id;
        this.promptCount = prompt.size();
        this.completionCount = completionCount;
        this.chunk = chunk;
        this.everyPosition = everyPosition;
        tokens = prompt;
    }

    /** A sequence that appends {@code completionCount} tokens to its prompt, computed {@code chunk} tokens a step. */
    static TestSequence completing(long id, TokenIds prompt, int completionCount, int chunk) {
        return new TestSequence(id, prompt, completionCount, chunk, false);
    }

    /** A sequence that goes through its prompt one token a step and keeps the logits of each position. */
    static TestSequence readingAlong(long id, TokenIds prompt) {
        return new TestSequence(id, prompt, 1, 1, true);
    }

    boolean finished() {
        return tokens.size() == promptCount + completionCount;
    }

    SequenceSlice next(BlockTables tables) {
        int end = Math.min(computedCount + chunk, tokens.size());
        TokenIds blocks = tables.table(id, end);
        boolean chooses = everyPosition || end == tokens.size();
        var choice = new SequenceSlice.Choice(Sampling.GREEDY, TokenIds.EMPTY, 0, true);
        TokenIds chunkTokens = tokens.slice(computedCount, end);
        var slice = new SequenceSlice(
                id, promptCount, computedCount, chunkTokens, blocks, chooses ? List.of(choice) : List.of());
        computedCount = end;
        return slice;
    }

    void accept(TokenChoice choice) {
        logits.add(choice.logits());
        if (choice.position() == tokens.size()) {
            tokens = tokens.concat(TokenIds.of(choice.token()));
        }
    }

    /** The last layer's hidden state of the next position. */
    void acceptHidden(float[] row) {
        hidden.add(row);
    }

    TokenIds completion() {
        return tokens.slice(promptCount, tokens.size());
    }

    /** Logits of each choice in order, [vocab] each. */
    List<float[]> logits() {
        return logits;
    }

    /** What the last layer made of each position, [hidden] each. */
    List<float[]> hidden() {
        return hidden;
    }
}
