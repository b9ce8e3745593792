package io.caravan.scheduler.engine;

import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.actor.SequenceEvent.Refusal;
import io.caravan.proto.draft.Drafter;
import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * Continuous batching over a pipeline of stages: sequences join and leave at every step, and one step plan for each stage
 * is kept in flight.
 *
 * <p>The engine is driven: its owner submits requests, asks for plans while there are any, brings results back in the
 * order of the plans, and tells what comes out to those who asked. It owns the token log of every live sequence. The
 * stages hold nothing that cannot be computed from it, so {@link #reset} recovers from any loss: the epoch rises, all
 * plans in flight are forgotten, and every sequence is prefilled again. A sequence's tokens depend on its request alone,
 * never on the batches it was in, so that afterwards it goes on with the tokens it would have had anyway.
 *
 * <p>A sequence that cannot be computed ends with an error, alone: a stage says so of it in a step's result, or breaks down
 * over a step with it. Then every sequence of that step is suspected, and after the reset computed in steps of its own until
 * it has passed that place or the stage broke down again, which shows who it was.
 *
 * <p>An engine starts suspended: it takes requests, which wait, and plans nothing until the first {@link #reset}.
 */
public final class Engine {
    /** The sequence id of the one-token plan that each epoch starts with; its result shows that tokens come out. */
    public static final long CANARY_ID = Long.MIN_VALUE;

    private static final Duration LONGEST_DEADLINE = Duration.ofDays(365);

    /** So often a stage may break down over steps with one sequence; the last time it is alone in its step. */
    static final int MAX_BREAKDOWNS = 2;

    private record InFlight(StepPlan plan, List<Chooser> choosers) {}

    private final EngineLimits limits;
    private final Drafter drafter;
    private final int contextTokens;
    private final int vocabSize;
    private final int maxInFlight;
    private final Lineup lineup;
    private final Batcher batcher;
    private final FinishedLog finished;
    private final Long2ObjectHashMap<Sequence> live = new Long2ObjectHashMap<>();
    private final ArrayDeque<InFlight> inFlight = new ArrayDeque<>();
    private String suspendedWhy = "the pipeline has not started";
    private boolean canaryDue;
    private boolean warm;
    private long epoch;
    private long step;
    private long arrivals;
    private long earliestDeadlineNs;
    private long lastProgressNs;
    private long stepCount;
    private long promptTokens;
    private long completionTokens;
    private long draftedTokens;
    private long acceptedTokens;
    private long staleResults;

    /** An engine that chooses one token a step. */
    public Engine(EngineLimits limits, int stageCount, int contextTokens, int vocabSize, int blockTokens) {
        this(limits, Speculation.OFF, stageCount, contextTokens, vocabSize, blockTokens);
    }

    /**
     * @param contextTokens longest sequence that the model knows
     * @param vocabSize tokens that it knows: ids below this
     * @param blockTokens tokens that one KV block holds
     */
    public Engine(
            EngineLimits limits,
            Speculation speculation,
            int stageCount,
            int contextTokens,
            int vocabSize,
            int blockTokens) {
        this.limits = limits;
        drafter = speculation.drafter();
        this.contextTokens = contextTokens;
        this.vocabSize = vocabSize;
        maxInFlight = stageCount + limits.extraInFlight();
        lineup = new Lineup(blockTokens);
        batcher = new Batcher(limits, speculation, lineup, stageCount, vocabSize);
        finished = new FinishedLog(limits.rememberedSequences(), limits.rememberedTokens());
    }

    /**
     * Takes a request, or says why not. A known id is accepted again, and what was committed after its {@code
     * completion} is reported once more.
     */
    public List<SequenceEvent> submit(SequenceRequest request, long nowNs) {
        Sequence known = live.get(request.id());
        if (known != null) {
            return reportAgain(known, request.completion().size());
        }
        if (finished.contains(request.id())) {
            var entry = finished.get(request.id());
            var events = reportAgain(entry.sequence(), request.completion().size());
            events.add(entry.ending());
            return events;
        }
        var refusal = refusalOf(request);
        if (!refusal.isEmpty()) {
            return refusal;
        }
        var deadline = request.deadline().compareTo(LONGEST_DEADLINE) < 0 ? request.deadline() : LONGEST_DEADLINE;
        var sequence = new Sequence(request, arrivals++, nowNs + deadline.toNanos());
        var events = new ArrayList<SequenceEvent>();
        events.add(new SequenceEvent.Accepted(request.id()));
        var ending = sequence.ending(maxSequenceTokens());
        if (ending.isEmpty()) {
            if (live.isEmpty() || sequence.deadlineNs - earliestDeadlineNs < 0) {
                earliestDeadlineNs = sequence.deadlineNs;
            }
            live.put(request.id(), sequence);
            lineup.waiting.add(sequence);
        } else {
            var ended = finishedEvent(sequence, ending.getFirst());
            finished.remember(sequence, ended);
            events.add(ended);
        }
        return events;
    }

    private static List<SequenceEvent> reportAgain(Sequence sequence, int completionCount) {
        var events = new ArrayList<SequenceEvent>();
        events.add(new SequenceEvent.Accepted(sequence.id()));
        var tokens = sequence.completionAfter(completionCount);
        if (!tokens.isEmpty()) {
            events.add(new SequenceEvent.Tokens(sequence.id(), tokens));
        }
        return events;
    }

    private List<SequenceEvent> refusalOf(SequenceRequest request) {
        int promptCount = request.prompt().size();
        var unknown = unknownToken("prompt", request.prompt());
        if (unknown.isEmpty()) {
            unknown = unknownToken("completion", request.completion());
        }
        if (!unknown.isEmpty()) {
            return refused(request.id(), Refusal.INVALID, unknown);
        }
        if (promptCount > contextTokens) {
            return refused(
                    request.id(),
                    Refusal.INVALID,
                    "the prompt has " + promptCount + " tokens, the context holds " + contextTokens);
        }
        if (promptCount > maxSequenceTokens()) {
            return refused(request.id(), Refusal.INVALID, tooLongForPool(promptCount));
        }
        boolean fresh = request.completion().isEmpty();
        int limit = fresh ? limits.maxWaiting() : limits.maxWaiting() + limits.maxRunning();
        if ((fresh ? lineup.waiting.size() : live.size()) >= limit) {
            return refused(
                    request.id(),
                    Refusal.OVERLOADED,
                    lineup.waiting.size() + " sequences wait already; max-waiting allows " + limits.maxWaiting());
        }
        return List.of();
    }

    /** What is wrong with {@code tokens}; empty where the model knows them all. */
    private String unknownToken(String where, TokenIds tokens) {
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i) >= vocabSize) {
                return "token " + tokens.get(i) + " at index " + i + " of the " + where
                        + " is not one of the model, which has a vocabulary of " + vocabSize
                        + " tokens: ids must be below that";
            }
        }
        return "";
    }

    private String tooLongForPool(int tokenCount) {
        return "the sequence has " + tokenCount + " tokens, all KV blocks of the pipeline together hold "
                + maxSequenceTokens();
    }

    private static List<SequenceEvent> refused(long id, Refusal refusal, String message) {
        return List.of(new SequenceEvent.Refused(id, refusal, message));
    }

    private static SequenceEvent finishedEvent(Sequence sequence, FinishReason reason) {
        return new SequenceEvent.Finished(sequence.id(), reason, sequence.completionCount());
    }

    /** Ends a sequence that nobody wants any more; unknown ids are ignored. */
    public List<SequenceEvent> cancel(long id) {
        Sequence sequence = live.get(id);
        return sequence == null ? List.of() : List.of(end(sequence, FinishReason.CANCELLED));
    }

    private SequenceEvent end(Sequence sequence, FinishReason reason) {
        var ended = finishedEvent(sequence, reason);
        end(sequence, ended, reason != FinishReason.CANCELLED);
        return ended;
    }

    /** Ends a sequence that cannot be computed; asking for it again gives the same answer. */
    private SequenceEvent fail(Sequence sequence, String why) {
        var failed = new SequenceEvent.Refused(sequence.id(), Refusal.FAILED, why);
        end(sequence, failed, true);
        return failed;
    }

    private void end(Sequence sequence, SequenceEvent ending, boolean remember) {
        drop(sequence);
        if (remember && !sequence.request.logits()) {
            finished.remember(sequence, ending);
        }
    }

    private void drop(Sequence sequence) {
        lineup.remove(sequence);
        live.remove(sequence.id());
        drafter.forget(sequence.id());
    }

    /** The next plan to send, if one may and can be made now. */
    public Optional<StepPlan> schedule(long nowNs) {
        if (!suspendedWhy.isEmpty() || inFlight.size() >= maxInFlight) {
            return Optional.empty();
        }
        if (canaryDue) {
            canaryDue = false;
            return Optional.of(
                    launch(List.of(canary()), List.of(new Chooser(canarySequence(), TokenIds.EMPTY)), nowNs));
        }
        var choosers = new ArrayList<Chooser>();
        var slices = batcher.fill(inFlight.size(), maxSequenceTokens(), choosers);
        return slices.isEmpty() ? Optional.empty() : Optional.of(launch(slices, choosers, nowNs));
    }

    private StepPlan launch(List<SequenceSlice> slices, List<Chooser> choosers, long nowNs) {
        if (inFlight.isEmpty()) {
            lastProgressNs = nowNs;
        }
        var plan = new StepPlan(epoch, ++step, slices);
        inFlight.add(new InFlight(plan, choosers));
        return plan;
    }

    /** Block 0 has no owner yet when the canary is sent, and whoever gets it later overwrites it. */
    private static SequenceSlice canary() {
        var choice = new SequenceSlice.Choice(Sampling.GREEDY, TokenIds.EMPTY, 0, false);
        return new SequenceSlice(CANARY_ID, 0, TokenIds.of(0), TokenIds.of(0), List.of(choice));
    }

    private static Sequence canarySequence() {
        var request = new SequenceRequest(
                CANARY_ID, TokenIds.of(0), TokenIds.EMPTY, 1, TokenIds.EMPTY, Sampling.GREEDY, LONGEST_DEADLINE, false);
        var sequence = new Sequence(request, -1, 0);
        sequence.state = SequenceState.FINISHED;
        return sequence;
    }

    /**
     * Commits what a step chose. Results of other epochs are dropped.
     *
     * @throws IllegalStateException where the result is not that of the oldest plan in flight, or does not fit it: the
     *     pipeline has lost a plan and must be reset
     */
    public List<SequenceEvent> update(StepResult result, long nowNs) {
        if (result.epoch() != epoch) {
            staleResults++;
            return List.of();
        }
        InFlight expected = inFlight.peek();
        if (expected == null || expected.plan().step() != result.step()) {
            throw new IllegalStateException("step " + result.step() + " came back where "
                    + (expected == null ? "none" : "step " + expected.plan().step()) + " was expected");
        }
        var runs = Runs.of(expected.choosers(), result);
        inFlight.remove();
        lastProgressNs = nowNs;
        warm = true;
        stepCount++;
        var events = new ArrayList<SequenceEvent>();
        for (int i = 0; i < runs.size(); i++) {
            commit(expected.choosers().get(i), runs.get(i), events);
        }
        for (SequenceFault fault : result.faults()) {
            Sequence sequence = live.get(fault.sequenceId());
            if (sequence != null) {
                events.add(fail(sequence, "the model cannot compute this request: " + fault.reason()));
            }
        }
        acquit(expected.plan());
        return events;
    }

    /** What these sequences were suspected of did not happen. */
    private void acquit(StepPlan plan) {
        for (SequenceSlice slice : plan.slices()) {
            Sequence sequence = live.get(slice.sequenceId());
            if (sequence != null) {
                sequence.passed(slice.choicePosition());
            }
        }
    }

    /**
     * A stage broke down over a plan in flight, or could not read it; a {@link #reset} follows. All its sequences are suspected
     * of that, and one that was alone in it {@value #MAX_BREAKDOWNS} times is ended.
     */
    public List<SequenceEvent> accuse(long accusedEpoch, long accusedStep) {
        var events = new ArrayList<SequenceEvent>();
        for (InFlight each : inFlight) {
            StepPlan plan = each.plan();
            if (plan.epoch() == accusedEpoch && plan.step() == accusedStep) {
                plan.slices().forEach(slice -> suspect(slice, plan.slices().size() == 1, events));
            }
        }
        return events;
    }

    private void suspect(SequenceSlice slice, boolean alone, List<SequenceEvent> events) {
        Sequence sequence = live.get(slice.sequenceId());
        if (sequence != null) {
            sequence.suspect(slice.choicePosition());
            if (alone && sequence.breakdowns() >= MAX_BREAKDOWNS) {
                events.add(fail(
                        sequence,
                        "the model cannot compute this request: a stage broke down over it " + sequence.breakdowns()
                                + " times"));
            }
        }
    }

    /** @param run the drafted tokens that were right, and the one chosen after them; empty where that failed */
    private void commit(Chooser chooser, List<TokenChoice> run, List<SequenceEvent> events) {
        Sequence sequence = chooser.sequence();
        sequence.choiceInFlight = false;
        if (sequence.state == SequenceState.FINISHED || run.isEmpty()) {
            return;
        }
        int accepted = run.size() - 1;
        draftedTokens += chooser.draft().size();
        acceptedTokens += accepted;
        sequence.pace.observe(chooser.draft().size(), accepted);
        sequence.drafted(accepted);
        promptTokens += sequence.completionCount() == 0 ? sequence.tokenCount() : 0;
        int count = 0;
        List<FinishReason> ending = List.of();
        while (count < run.size() && ending.isEmpty()) {
            append(sequence, run.get(count++));
            ending = sequence.ending(maxSequenceTokens());
        }
        events.add(new SequenceEvent.Tokens(sequence.id(), run.subList(0, count)));
        for (var reason : ending) {
            events.add(end(sequence, reason));
        }
        if (sequence.state == SequenceState.RUNNING) {
            lineup.trim(sequence);
        }
    }

    private void append(Sequence sequence, TokenChoice choice) {
        if (choice.position() != sequence.tokenCount()) {
            throw new IllegalStateException("sequence " + sequence.id() + " got a token for position "
                    + choice.position() + " and has " + sequence.tokenCount() + " tokens");
        }
        completionTokens++;
        sequence.append(choice);
    }

    /** Ends the sequences whose deadline has passed; while suspended they are refused with the reason for that. */
    public List<SequenceEvent> expire(long nowNs) {
        if (live.isEmpty() || nowNs - earliestDeadlineNs < 0) {
            return List.of();
        }
        var overdue = new ArrayList<Sequence>();
        long nextNs = nowNs + LONGEST_DEADLINE.toNanos();
        for (Sequence sequence : live.values()) {
            if (nowNs - sequence.deadlineNs >= 0) {
                overdue.add(sequence);
            } else if (sequence.deadlineNs - nextNs < 0) {
                nextNs = sequence.deadlineNs;
            }
        }
        earliestDeadlineNs = nextNs;
        var events = new ArrayList<SequenceEvent>();
        for (Sequence sequence : overdue) {
            if (suspendedWhy.isEmpty()) {
                events.add(end(sequence, FinishReason.DEADLINE));
            } else {
                drop(sequence);
                events.addAll(refused(sequence.id(), Refusal.UNAVAILABLE, suspendedWhy));
            }
        }
        return events;
    }

    /** Plans nothing until the next {@link #reset}; {@code why} is what those hear whose deadline passes meanwhile. */
    public void suspend(String why) {
        suspendedWhy = why.isBlank() ? "the pipeline does not serve" : why;
    }

    /**
     * Starts a new epoch on stages that remember nothing: what was in flight is forgotten, every sequence is prefilled
     * again, step numbers start from 1, and the first plan is the canary.
     *
     * @param blockCount blocks of the new pool
     * @return refusals of sequences that do not fit the new pool
     */
    public List<SequenceEvent> reset(long newEpoch, int blockCount) {
        if (newEpoch <= epoch || blockCount < 1) {
            throw new IllegalArgumentException("a reset needs an epoch above " + epoch + " and at least 1 block, not "
                    + newEpoch + " and " + blockCount);
        }
        epoch = newEpoch;
        step = 0;
        inFlight.clear();
        lineup.restart(blockCount);
        suspendedWhy = "";
        canaryDue = true;
        warm = false;
        var events = new ArrayList<SequenceEvent>();
        for (Sequence sequence : List.copyOf(lineup.waiting)) {
            if (sequence.tokenCount() > maxSequenceTokens()) {
                drop(sequence);
                events.addAll(refused(sequence.id(), Refusal.UNAVAILABLE, tooLongForPool(sequence.tokenCount())));
            }
        }
        return events;
    }

    /** Of the plans that are made now; 0 before the first reset. */
    public long epoch() {
        return epoch;
    }

    /** Whether a result of this epoch has come back. */
    public boolean warm() {
        return warm;
    }

    /** How long plans have been in flight without any result; 0 while none is. */
    public long silentNs(long nowNs) {
        return inFlight.isEmpty() ? 0 : nowNs - lastProgressNs;
    }

    /** Longest sequence that is taken: the model's context or all blocks, whichever is less. */
    public int maxSequenceTokens() {
        long poolTokens = (long) lineup.pool.total() * lineup.blockTokens;
        return poolTokens == 0 ? contextTokens : (int) Math.min(contextTokens, poolTokens);
    }

    public EngineStatus status() {
        return new EngineStatus(
                epoch,
                lineup.waiting.size(),
                lineup.running.size(),
                inFlight.size(),
                lineup.pool.usedCount(),
                lineup.pool.total(),
                maxSequenceTokens(),
                lineup.preemptions,
                stepCount,
                promptTokens,
                completionTokens,
                draftedTokens,
                acceptedTokens,
                staleResults);
    }

    /** For the simulation's invariants: which blocks a live sequence owns, and how often each block is owned. */
    public TokenIds blocksOf(long id) {
        Sequence sequence = live.get(id);
        int count = sequence == null ? 0 : sequence.blockCount();
        int[] blocks = new int[count];
        for (int i = 0; i < count; i++) {
            blocks[i] = sequence.block(i);
        }
        return TokenIds.of(blocks);
    }

    /** The pool, to be read only. */
    public BlockPool pool() {
        return lineup.pool;
    }
}
