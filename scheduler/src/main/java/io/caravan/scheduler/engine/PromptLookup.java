package io.caravan.scheduler.engine;

import io.caravan.proto.draft.Drafter;
import io.caravan.proto.draft.TokenLog;
import io.caravan.proto.sequence.TokenIds;
import java.util.Optional;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * Guesses that a sequence goes on as it did where its last few tokens stood before, in the prompt or in the completion:
 * names, code and quotations repeat themselves. Costs no arithmetic and a bounded table for each sequence.
 */
public final class PromptLookup implements Drafter {
    private final Long2ObjectHashMap<NgramIndex> indices = new Long2ObjectHashMap<>();

    @Override
    public Optional<TokenIds> draft(long sequenceId, TokenLog tokens, int most) {
        NgramIndex index = indices.computeIfAbsent(sequenceId, first -> new NgramIndex(tokens));
        return Optional.of(index.continuation(most));
    }

    @Override
    public void forget(long sequenceId) {
        indices.remove(sequenceId);
    }
}
