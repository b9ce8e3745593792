package io.caravan.worker.draft;

import io.caravan.model.StageModel;
import io.caravan.model.kv.KvShape;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Continues sequences greedily with a whole model in one stage. Its KV pool is a cache: the sequence asked for the longest
 * time ago gives its blocks up to the one that needs them, and is computed again when it is asked for. Used by one thread.
 */
final class Guesser {
    /** Rows of a prompt that are computed at a time. */
    static final int MAX_ROWS = 256;

    /** Sequences that are remembered at all. */
    static final int MAX_LINES = 4096;

    private static final SequenceSlice.Choice GREEDY =
            new SequenceSlice.Choice(Sampling.GREEDY, TokenIds.EMPTY, 0, false);

    private final StageModel model;
    private final ModelSpec spec;
    private final int blockTokens;
    private final ArrayDeque<Integer> freeBlocks = new ArrayDeque<>();
    private final LinkedHashMap<Long, DraftLine> lines = new LinkedHashMap<>(16, 0.75f, true); // least recent first
    private long step;

    /** @param kvShape of {@code model}'s pool */
    Guesser(StageModel model, ModelSpec spec, KvShape kvShape) {
        this.model = model;
        this.spec = spec;
        blockTokens = kvShape.blockTokens();
        for (int block = 0; block < kvShape.blockCount(); block++) {
            freeBlocks.add(block);
        }
    }

    /**
     * The sequence's certain tokens from {@code from} on, then guesses.
     *
     * @param count how many guesses are wanted
     * @return fewer where the context or the pool ends; none for a sequence whose beginning is not known
     */
    TokenIds guess(long key, int from, TokenIds certain, int count) {
        DraftLine line = lines.computeIfAbsent(key, first -> new DraftLine());
        forgetEldest();
        if (from > line.count()) {
            return TokenIds.EMPTY;
        }
        line.tell(from, certain);
        int size = from + certain.size();
        boolean room = true;
        while (room && line.count() < size + count) {
            room = next(key, line);
        }
        return line.slice(size, Math.min(line.count(), size + count));
    }

    void forget(long key) {
        DraftLine line = lines.remove(key);
        if (line != null) {
            line.releaseBlocks().stream().forEach(freeBlocks::add);
        }
    }

    private void forgetEldest() {
        if (lines.size() > MAX_LINES) {
            forget(lines.firstEntry().getKey());
        }
    }

    /** Appends the likeliest next token; false where there is no room to compute it, or there is none. */
    private boolean next(long key, DraftLine line) {
        if (line.count() >= spec.maxPositions() || !ensureBlocks(line)) {
            return false;
        }
        line.computedTo(Math.min(line.computed(), line.count() - 1));
        while (line.count() - line.computed() > MAX_ROWS) {
            run(key, line, line.computed() + MAX_ROWS, List.of());
        }
        StepPlan plan = run(key, line, line.count(), List.of(GREEDY));
        var chosen = model.choose(plan).tokens();
        chosen.forEach(each -> line.append(each.choice().token()));
        return !chosen.isEmpty();
    }

    private StepPlan run(long key, DraftLine line, int end, List<SequenceSlice.Choice> choice) {
        TokenIds blocks = line.blocks().slice(0, Math.ceilDiv(end, blockTokens));
        var slice = new SequenceSlice(key, 0, line.computed(), line.slice(line.computed(), end), blocks, choice);
        var plan = new StepPlan(1, ++step, List.of(slice));
        model.forward(plan);
        line.computedTo(end);
        return plan;
    }

    private boolean ensureBlocks(DraftLine line) {
        int needed = Math.ceilDiv(line.count(), blockTokens);
        while (line.blockCount() < needed) {
            if (freeBlocks.isEmpty() && !evictFor(line)) {
                return false;
            }
            line.addBlock(freeBlocks.remove());
        }
        return true;
    }

    private boolean evictFor(DraftLine line) {
        for (DraftLine other : lines.values()) {
            if (other != line && other.blockCount() > 0) {
                other.releaseBlocks().stream().forEach(freeBlocks::add);
                return true;
            }
        }
        return false;
    }
}
