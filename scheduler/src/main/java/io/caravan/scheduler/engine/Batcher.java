package io.caravan.scheduler.engine;

import io.caravan.proto.step.SequenceSlice;
import java.util.ArrayList;
import java.util.List;

/** Fills one step plan: decodes first, then prefills under way, then sequences that waited, within the token budget. */
final class Batcher {
    private final EngineLimits limits;
    private final Lineup lineup;
    private final int stageCount;
    private final List<Sequence> candidates = new ArrayList<>();
    private final List<Sequence> preempted = new ArrayList<>();
    private final List<Sequence> drafts = new ArrayList<>();
    private final List<Integer> draftRows = new ArrayList<>();
    /** Arrival of the decode scheduled last; the next plan goes on after it. */
    private long lastDecoded = -1;

    Batcher(EngineLimits limits, Lineup lineup, int stageCount) {
        this.limits = limits;
        this.lineup = lineup;
        this.stageCount = stageCount;
    }

    /**
     * The slices of the next plan, possibly none.
     *
     * @param choosers takes the sequences whose next token the plan chooses, in the order of their slices
     */
    List<SequenceSlice> fill(List<Sequence> choosers) {
        drafts.clear();
        draftRows.clear();
        draftDecodes();
        draftPrefills(limits.tokenBudget() - drafts.size());
        var slices = new ArrayList<SequenceSlice>(drafts.size());
        for (int i = 0; i < drafts.size(); i++) {
            Sequence sequence = drafts.get(i);
            slices.add(sequence.advance(draftRows.get(i), lineup.blockTokens));
            if (sequence.choiceInFlight) {
                choosers.add(sequence);
            }
        }
        return slices;
    }

    private void draftDecodes() {
        candidates.clear();
        int decodingCount = 0;
        int before = 0; // candidates whose turn comes after those that follow lastDecoded
        for (Sequence sequence : lineup.running) {
            if (sequence.decoding()) {
                decodingCount++;
                if (sequence.pendingCount() == 1) {
                    candidates.add(sequence);
                    before += sequence.arrival <= lastDecoded ? 1 : 0;
                }
            }
        }
        int rows = Throttle.decodeRows(decodingCount, stageCount, limits.tokenBudget());
        for (int i = 0; i < candidates.size() && drafts.size() < rows; i++) {
            Sequence sequence = candidates.get((before + i) % candidates.size());
            if (sequence.state == SequenceState.RUNNING && ensureBlocks(sequence)) {
                drafts.add(sequence);
                draftRows.add(1);
                lastDecoded = sequence.arrival;
            }
        }
    }

    private boolean ensureBlocks(Sequence sequence) {
        preempted.clear();
        boolean enough = lineup.ensureBlocks(sequence, preempted);
        for (Sequence victim : preempted) {
            int at = drafts.indexOf(victim);
            if (at >= 0) {
                drafts.remove(at);
                draftRows.remove(at);
            }
        }
        return enough;
    }

    private void draftPrefills(int freeRows) {
        int rows = Math.min(freeRows, prefillRows());
        for (int i = 0; i < lineup.running.size() && rows > 0; i++) {
            Sequence sequence = lineup.running.get(i);
            if (!sequence.decoding()) {
                rows -= draftPrefill(sequence, rows);
            }
        }
        while (rows > 0
                && !lineup.waiting.isEmpty()
                && lineup.running.size() < limits.maxRunning()
                && lineup.admitHead()) {
            rows -= draftPrefill(lineup.running.getLast(), rows);
        }
    }

    private int draftPrefill(Sequence sequence, int rows) {
        int chunk = Math.min(rows, sequence.pendingCount());
        drafts.add(sequence);
        draftRows.add(chunk);
        return chunk;
    }

    private int prefillRows() {
        long enough = (long) limits.tokenBudget() * stageCount;
        long pending = 0;
        for (Sequence sequence : lineup.running) {
            pending += sequence.decoding() ? 0 : sequence.pendingCount();
        }
        for (Sequence sequence : lineup.waiting) {
            if (pending >= enough) {
                break;
            }
            pending += sequence.tokenCount();
        }
        return Throttle.prefillRows(pending, stageCount, lineup.pool.freeCount(), lineup.pool.total(), limits);
    }
}
