package io.caravan.scheduler.engine;

import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Who runs, who waits, and the blocks between them.
 *
 * <p>Both lists are in the order of arrival, and whoever runs arrived before whoever waits: admission takes the head of
 * those waiting only, and preemption takes the latest of those running and puts it back at that head. So the oldest
 * sequence is never preempted, always gets the blocks it needs, and ends; then another is the oldest. Nothing starves.
 */
final class Lineup {
    /** At most this share of the blocks is kept free for the growth of running sequences when another is admitted. */
    private static final int HEADROOM_DIVISOR = 8;

    final List<Sequence> running = new ArrayList<>();
    final ArrayDeque<Sequence> waiting = new ArrayDeque<>();
    final int blockTokens;
    BlockPool pool = new BlockPool(0);
    long preemptions;

    Lineup(int blockTokens) {
        this.blockTokens = blockTokens;
    }

    int blocksFor(int tokenCount) {
        return Math.ceilDiv(tokenCount, blockTokens);
    }

    /** Gives the head of those waiting the blocks of all its tokens, if there are enough, and lets it run. */
    boolean admitHead() {
        Sequence head = waiting.element();
        int needed = blocksFor(head.tokenCount());
        int headroom = Math.min(running.size(), pool.total() / HEADROOM_DIVISOR);
        if (head.choiceInFlight || pool.freeCount() < needed + headroom) {
            return false;
        }
        waiting.remove();
        for (int i = 0; i < needed; i++) {
            head.addBlock(pool.allocate());
        }
        head.state = SequenceState.RUNNING;
        running.add(head);
        return true;
    }

    /**
     * Makes sure that {@code sequence} has blocks for all its tokens, at the cost of those who arrived after it.
     *
     * @param preempted takes those who lost their blocks
     * @return false where nobody arrived after it and no block is free: it keeps what it has and is tried again later
     */
    boolean ensureBlocks(Sequence sequence, List<Sequence> preempted) {
        int needed = blocksFor(sequence.tokenCount());
        while (sequence.blockCount() < needed) {
            if (pool.freeCount() == 0) {
                Sequence latest = running.getLast();
                if (latest == sequence) {
                    return false;
                }
                preempt(latest);
                preempted.add(latest);
            }
            sequence.addBlock(pool.allocate());
        }
        return true;
    }

    /**
     * As much of {@code draft} as the sequence's blocks hold, and free ones that no running sequence could need before {@link
     * #trim} gives them back: nobody is preempted for the sake of a guess.
     */
    TokenIds fitDraft(Sequence sequence, TokenIds draft) {
        int needed = blocksFor(sequence.tokenCount() + draft.size());
        while (sequence.blockCount() < needed && pool.freeCount() > running.size()) {
            sequence.addBlock(pool.allocate());
        }
        int fitting = sequence.blockCount() * blockTokens - sequence.tokenCount();
        return fitting < draft.size() ? draft.slice(0, fitting) : draft;
    }

    /** Gives back the blocks of a running sequence that its tokens do not need. */
    void trim(Sequence sequence) {
        sequence.keepBlocks(blocksFor(sequence.tokenCount()), pool);
    }

    private void preempt(Sequence latest) {
        running.removeLast();
        latest.releaseBlocks(pool);
        latest.state = SequenceState.PREEMPTED;
        waiting.addFirst(latest);
        preemptions++;
    }

    /** Takes a sequence out for good and gives its blocks back. */
    void remove(Sequence sequence) {
        if (sequence.state == SequenceState.RUNNING) {
            running.remove(sequence);
            sequence.releaseBlocks(pool);
        } else {
            waiting.remove(sequence);
        }
        sequence.state = SequenceState.FINISHED;
    }

    /** Everyone waits again, in the order of arrival, for blocks of a new pool. */
    void restart(int blockCount) {
        for (int i = running.size() - 1; i >= 0; i--) {
            Sequence sequence = running.get(i);
            sequence.forgetBlocks();
            sequence.state = SequenceState.PREEMPTED;
            waiting.addFirst(sequence);
        }
        running.clear();
        for (Sequence sequence : waiting) {
            sequence.choiceInFlight = false;
        }
        pool = new BlockPool(blockCount);
    }
}
