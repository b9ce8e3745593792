package io.caravan.scheduler.engine;

import io.caravan.proto.draft.TokenLog;
import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One sequence in the engine: its token log, from which everything else can be computed again, and its block table.
 *
 * <p>{@code scheduledCount} of its tokens are computed or will be by plans in flight, which for the next plan is the same.
 * When it reaches {@code tokenCount} the next token is being chosen and there is nothing to schedule until it is known.
 */
final class Sequence implements TokenLog {
    private static final int FIRST_BLOCK_COUNT = 8;

    final SequenceRequest request;
    final long arrival;
    final long deadlineNs;
    SequenceState state = SequenceState.WAITING;
    /** A plan in flight will choose the next token. */
    boolean choiceInFlight;

    final DraftPace pace = new DraftPace();

    private final int promptCount;
    private int[] tokens; // [tokenCount] prompt, then completion
    private int tokenCount;
    private int scheduledCount;
    private final List<TokenChoice> drawn = new ArrayList<>(); // after request.completion()
    private int[] blocks = new int[FIRST_BLOCK_COUNT]; // [blockCount]
    private int blockCount;
    private TokenIds blockIds = TokenIds.EMPTY;
    private int suspectPosition; // 0: none
    private int breakdowns;

    Sequence(SequenceRequest request, long arrival, long deadlineNs) {
        this.request = request;
        this.arrival = arrival;
        this.deadlineNs = deadlineNs;
        promptCount = request.prompt().size();
        tokens = request.prompt().concat(request.completion()).toArray();
        tokenCount = tokens.length;
    }

    long id() {
        return request.id();
    }

    int tokenCount() {
        return tokenCount;
    }

    @Override
    public int size() {
        return tokenCount;
    }

    @Override
    public int get(int position) {
        return tokens[position];
    }

    int completionCount() {
        return tokenCount - promptCount;
    }

    /** Tokens that no plan has computed yet. */
    int pendingCount() {
        return tokenCount - scheduledCount;
    }

    /** Whether a stage broke down over a step with it, so that it has to be alone in its steps. */
    boolean suspected() {
        return suspectPosition > 0;
    }

    /** Steps with it over which a stage broke down, since it last was above suspicion. */
    int breakdowns() {
        return breakdowns;
    }

    /** A stage broke down over a step that was to compute it up to {@code position}. */
    void suspect(int position) {
        suspectPosition = Math.max(suspectPosition, position);
        breakdowns++;
    }

    /** A step came back that computed it up to {@code position}. */
    void passed(int position) {
        if (position >= suspectPosition) {
            suspectPosition = 0;
            breakdowns = 0;
        }
    }

    /** Whether all but the newest token are computed, so that one row a step is all it needs. */
    boolean decoding() {
        return pendingCount() <= 1;
    }

    int blockCount() {
        return blockCount;
    }

    int block(int index) {
        return blocks[index];
    }

    void addBlock(int block) {
        if (blockCount == blocks.length) {
            blocks = Arrays.copyOf(blocks, blockCount * 2);
        }
        blocks[blockCount++] = block;
        blockIds = TokenIds.EMPTY;
    }

    /** Gives the blocks back and forgets what was computed in them. */
    void releaseBlocks(BlockPool pool) {
        keepBlocks(0, pool);
        forgetBlocks();
    }

    /** Gives the blocks after the first {@code count} back. */
    void keepBlocks(int count, BlockPool pool) {
        while (blockCount > count) {
            pool.release(blocks[--blockCount]);
            blockIds = TokenIds.EMPTY;
        }
    }

    /** The pool itself is gone, and with it what was computed. */
    void forgetBlocks() {
        blockCount = 0;
        blockIds = TokenIds.EMPTY;
        scheduledCount = 0;
    }

    /** Most drafted tokens that a decode can use: a step adds one token more than its draft, and may not add too many. */
    int usefulDraft(int maxSequenceTokens) {
        int room = Math.min(maxSequenceTokens - tokenCount, request.maxCompletionTokens() - completionCount());
        return Math.min(pace.length(), room - 1);
    }

    /**
     * {@code draft} up to an end token, which the step that finds the rest right chooses itself, or to one that the model does
     * not have.
     */
    TokenIds usable(TokenIds draft, int vocabSize) {
        for (int i = 0; i < draft.size(); i++) {
            int token = draft.get(i);
            if (token < 0 || token >= vocabSize || request.endTokens().contains(token)) {
                return draft.slice(0, i);
            }
        }
        return draft;
    }

    /**
     * The next {@code rowCount} tokens as a part of a plan, which from now on count as scheduled, and after them {@code
     * draft}, which counts when it is known to be right.
     */
    SequenceSlice advance(int rowCount, TokenIds draft, int blockTokens) {
        int start = scheduledCount;
        TokenIds chunk = rowCount == 1 ? TokenIds.of(tokens[start]) : TokenIds.of(copy(start, start + rowCount));
        scheduledCount += rowCount;
        choiceInFlight = scheduledCount == tokenCount;
        if (blockIds.size() != blockCount) {
            blockIds = TokenIds.copyOf(blocks, blockCount);
        }
        int needed = Math.ceilDiv(scheduledCount + draft.size(), blockTokens);
        TokenIds table = needed == blockCount ? blockIds : blockIds.slice(0, needed);
        var choices = choiceInFlight ? List.of(choice(draft.size())) : List.<SequenceSlice.Choice>of();
        return new SequenceSlice(id(), promptCount, start, chunk.concat(draft), table, choices);
    }

    private SequenceSlice.Choice choice(int draftCount) {
        var sampling = request.sampling();
        TokenIds history = sampling.needsHistory() ? TokenIds.copyOf(tokens, tokenCount) : TokenIds.EMPTY;
        return new SequenceSlice.Choice(
                sampling, history, Math.min(promptCount, history.size()), request.logits(), draftCount);
    }

    private int[] copy(int from, int to) {
        return Arrays.copyOfRange(tokens, from, to);
    }

    /** The plan that came back had computed {@code accepted} drafted tokens that were right, where its blocks are still held. */
    void drafted(int accepted) {
        if (state == SequenceState.RUNNING) {
            scheduledCount += accepted;
        }
    }

    void append(TokenChoice choice) {
        if (tokenCount == tokens.length) {
            tokens = Arrays.copyOf(tokens, tokenCount + Math.max(16, tokenCount / 2));
        }
        tokens[tokenCount++] = choice.token();
        drawn.add(choice);
    }

    /** The completion after its first {@code count} tokens. */
    List<TokenChoice> completionAfter(int count) {
        var choices = new ArrayList<TokenChoice>();
        int given = request.completion().size();
        for (int i = count; i < completionCount(); i++) {
            choices.add(
                    i < given
                            ? TokenChoice.plain(
                                    promptCount + i, request.completion().get(i))
                            : drawn.get(i - given));
        }
        return choices;
    }

    /** Whether and why the completion is whole; a list of one or none. */
    List<FinishReason> ending(int maxSequenceTokens) {
        if (completionCount() > 0 && request.endTokens().contains(tokens[tokenCount - 1])) {
            return List.of(FinishReason.STOP);
        }
        boolean full = completionCount() > 0 && tokenCount >= maxSequenceTokens;
        return completionCount() >= request.maxCompletionTokens() || full ? List.of(FinishReason.LENGTH) : List.of();
    }
}
