package io.caravan.scheduler.engine;

import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Fills one step plan: decodes first, then prefills under way, then sequences that waited, within the token budget. While
 * nothing waits to be prefilled, decodes take drafted tokens along. Before all of them come those who are suspected, one a plan.
 */
final class Batcher {

    /** A sequence that takes part in the plan with its next {@code rows} tokens and then a draft. */
    private record Pick(Sequence sequence, int rows, TokenIds draft) {}

    private final EngineLimits limits;
    private final Speculation speculation;
    private final Lineup lineup;
    private final int stageCount;
    private final int vocabSize;
    private final List<Sequence> candidates = new ArrayList<>();
    private final List<Sequence> preempted = new ArrayList<>();
    private final List<Pick> picks = new ArrayList<>();
    /** Arrival of the decode scheduled last; the next plan goes on after it. */
    private long lastDecoded = -1;

    Batcher(EngineLimits limits, Speculation speculation, Lineup lineup, int stageCount, int vocabSize) {
        this.limits = limits;
        this.speculation = speculation;
        this.lineup = lineup;
        this.stageCount = stageCount;
        this.vocabSize = vocabSize;
    }

    /**
     * The slices of the next plan, possibly none.
     *
     * @param inFlight plans that have not come back yet
     * @param maxSequenceTokens longest sequence that there may be
     * @param choosers takes the sequences whose next token the plan chooses, in the order of their slices
     */
    List<SequenceSlice> fill(int inFlight, int maxSequenceTokens, List<Chooser> choosers) {
        picks.clear();
        if (!pickSuspect()) {
            pickDecodes(inFlight, maxSequenceTokens);
            pickPrefills(limits.tokenBudget() - picks.size());
        }
        var slices = new ArrayList<SequenceSlice>(picks.size());
        for (Pick pick : picks) {
            Sequence sequence = pick.sequence();
            TokenIds draft = lineup.fitDraft(sequence, pick.draft());
            slices.add(sequence.advance(pick.rows(), draft, lineup.blockTokens));
            if (sequence.choiceInFlight) {
                choosers.add(new Chooser(sequence, draft));
            }
        }
        return slices;
    }

    /** A suspected sequence that can go on now has the plan to itself. */
    private boolean pickSuspect() {
        for (int i = 0; i < lineup.running.size(); i++) {
            Sequence sequence = lineup.running.get(i);
            if (sequence.suspected() && sequence.pendingCount() > 0 && ensureBlocks(sequence)) {
                pickPrefill(sequence, limits.tokenBudget());
                return true;
            }
        }
        boolean admitted = headSuspected() && lineup.running.size() < limits.maxRunning() && lineup.admitHead();
        if (admitted) {
            pickPrefill(lineup.running.getLast(), limits.tokenBudget());
        }
        return admitted;
    }

    private boolean headSuspected() {
        return !lineup.waiting.isEmpty() && lineup.waiting.element().suspected();
    }

    private void pickDecodes(int inFlight, int maxSequenceTokens) {
        candidates.clear();
        boolean prefills = !lineup.waiting.isEmpty();
        int decodingCount = 0;
        int before = 0; // candidates whose turn comes after those that follow lastDecoded
        for (Sequence sequence : lineup.running) {
            prefills |= !sequence.decoding();
            if (sequence.decoding() && !sequence.suspected()) {
                decodingCount++;
                if (sequence.pendingCount() == 1) {
                    candidates.add(sequence);
                    before += sequence.arrival <= lastDecoded ? 1 : 0;
                }
            }
        }
        int rows = Throttle.decodeRows(decodingCount, stageCount, limits.tokenBudget());
        if (!prefills && Throttle.decodesWait(candidates.size(), rows, inFlight, stageCount)) {
            return;
        }
        int most = prefills ? 0 : speculation.draftTokens(Math.min(rows, candidates.size()), limits.tokenBudget());
        for (int i = 0; i < candidates.size() && picks.size() < rows; i++) {
            Sequence sequence = candidates.get((before + i) % candidates.size());
            if (sequence.state != SequenceState.RUNNING) {
                continue;
            }
            Optional<TokenIds> draft = draft(sequence, most, maxSequenceTokens);
            if (draft.isPresent() && ensureBlocks(sequence)) {
                picks.add(new Pick(sequence, 1, draft.get()));
                lastDecoded = sequence.arrival;
            }
        }
    }

    private Optional<TokenIds> draft(Sequence sequence, int most, int maxSequenceTokens) {
        int useful = Math.min(most, sequence.usefulDraft(maxSequenceTokens));
        return useful < 1
                ? Optional.of(TokenIds.EMPTY)
                : speculation
                        .drafter()
                        .draft(sequence.id(), sequence, useful)
                        .map(guessed -> sequence.usable(guessed, vocabSize));
    }

    private boolean ensureBlocks(Sequence sequence) {
        preempted.clear();
        boolean enough = lineup.ensureBlocks(sequence, preempted);
        picks.removeIf(pick -> preempted.contains(pick.sequence()));
        return enough;
    }

    private void pickPrefills(int freeRows) {
        int rows = Math.min(freeRows, prefillRows());
        for (int i = 0; i < lineup.running.size() && rows > 0; i++) {
            Sequence sequence = lineup.running.get(i);
            if (!sequence.decoding() && !sequence.suspected()) {
                rows -= pickPrefill(sequence, rows);
            }
        }
        while (rows > 0
                && !lineup.waiting.isEmpty()
                && !headSuspected()
                && lineup.running.size() < limits.maxRunning()
                && lineup.admitHead()) {
            rows -= pickPrefill(lineup.running.getLast(), rows);
        }
    }

    private int pickPrefill(Sequence sequence, int rows) {
        int chunk = Math.min(rows, sequence.pendingCount());
        picks.add(new Pick(sequence, chunk, TokenIds.EMPTY));
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
