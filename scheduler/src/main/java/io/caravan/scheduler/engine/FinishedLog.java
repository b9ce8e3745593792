package io.caravan.scheduler.engine;

import io.caravan.proto.actor.SequenceEvent;
import java.util.LinkedHashMap;

/** The last sequences that ended, so that a submission repeated too late is answered and not computed again. */
final class FinishedLog {

    /** A sequence that ended, and what was said of it last. */
    record Entry(Sequence sequence, SequenceEvent ending) {}

    private final LinkedHashMap<Long, Entry> entries = new LinkedHashMap<>();
    private final int maxEntries;
    private final int maxTokens;
    private int tokenCount;

    FinishedLog(int maxEntries, int maxTokens) {
        this.maxEntries = maxEntries;
        this.maxTokens = maxTokens;
    }

    void remember(Sequence sequence, SequenceEvent ending) {
        entries.put(sequence.id(), new Entry(sequence, ending));
        tokenCount += sequence.completionCount();
        var oldestFirst = entries.values().iterator();
        while (entries.size() > maxEntries || tokenCount > maxTokens) {
            tokenCount -= oldestFirst.next().sequence().completionCount();
            oldestFirst.remove();
        }
    }

    boolean contains(long id) {
        return entries.containsKey(id);
    }

    Entry get(long id) {
        return entries.get(id);
    }

    int size() {
        return entries.size();
    }
}
