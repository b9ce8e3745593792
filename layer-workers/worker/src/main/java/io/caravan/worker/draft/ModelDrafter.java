package io.caravan.worker.draft;

import io.caravan.proto.draft.Drafter;
import io.caravan.proto.draft.TokenLog;
import io.caravan.proto.sequence.TokenIds;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * A {@link DraftModel}'s face to one engine: asks its thread for guesses and looks whether they are there. A sequence waits
 * for them only where {@link DraftCost} says that this is faster, and never for long.
 */
final class ModelDrafter implements Drafter {
    /** New tokens above which nobody waits for what the draft model makes of them: a prompt's. */
    private static final int MOST_AWAITED_TOKENS = 64;

    /** New tokens above which an answer's time says more of them than of guessing. */
    private static final int MOST_MEASURED_TOKENS = 16;

    private static final Optional<TokenIds> NOTHING = Optional.of(TokenIds.EMPTY);

    /** What the engine's side knows of a sequence. */
    private static final class View {
        final DraftModel.Inquiry inquiry;
        int sentCount; // certain tokens that the draft model was told
        int seenSize; // the sequence's size when the engine asked last
        int askedSize; // and when the draft model was asked last
        long askedNs;
        boolean timed; // the answer's time, when it comes, says how long guessing takes
        long patienceNs;
        TokenIds answer = TokenIds.EMPTY; // to the engine, at seenSize
        long answeredNs;

        View(DraftModel.Inquiry inquiry) {
            this.inquiry = inquiry;
        }

        boolean awaits() {
            return inquiry.guess().size() < askedSize;
        }
    }

    private final DraftModel model;
    private final LongSupplier clock;
    private final DraftCost cost = new DraftCost();
    private final Long2ObjectHashMap<View> views = new Long2ObjectHashMap<>();

    /** @param clock nanoseconds that never go back */
    ModelDrafter(DraftModel model, LongSupplier clock) {
        this.model = model;
        this.clock = clock;
    }

    @Override
    public Optional<TokenIds> draft(long sequenceId, TokenLog tokens, int most) {
        View view = views.computeIfAbsent(sequenceId, first -> new View(model.inquiry()));
        long nowNs = clock.getAsLong();
        time(view, nowNs);
        if (view.seenSize != tokens.size()) {
            learn(view, tokens, nowNs);
            view.seenSize = tokens.size();
            view.answer = TokenIds.EMPTY;
            view.answeredNs = nowNs;
            if (!view.awaits()) {
                ask(view, tokens, most, nowNs);
            }
        }
        if (view.askedSize != tokens.size() || !model.works()) {
            return NOTHING;
        }
        if (view.awaits()) {
            boolean late = nowNs - view.askedNs > view.patienceNs;
            view.answeredNs = nowNs;
            return late ? NOTHING : Optional.empty();
        }
        return Optional.of(answer(view, most, nowNs));
    }

    /** Late answers count too: they are why the next question is shorter, or not asked. */
    private void time(View view, long nowNs) {
        if (view.timed && !view.awaits()) {
            view.timed = false;
            cost.guessed(Math.max(1, view.inquiry.guess().tokens().size()), nowNs - view.askedNs);
        }
    }

    private TokenIds answer(View view, int most, long nowNs) {
        TokenIds guessed = view.inquiry.guess().tokens();
        if (view.answer.isEmpty() && !guessed.isEmpty()) {
            view.answer = guessed.size() > most ? guessed.slice(0, most) : guessed;
            view.answeredNs = nowNs;
        }
        return view.answer;
    }

    private void ask(View view, TokenLog tokens, int most, long nowNs) {
        int count = cost.count(most);
        if (count == 0) {
            return;
        }
        int size = tokens.size();
        int[] fresh = new int[size - view.sentCount];
        for (int i = 0; i < fresh.length; i++) {
            fresh[i] = tokens.get(view.sentCount + i);
        }
        if (model.ask(view.inquiry, view.sentCount, TokenIds.of(fresh), count)) {
            view.patienceNs = fresh.length > MOST_AWAITED_TOKENS ? 0 : cost.patienceNs(count);
            view.timed = fresh.length <= MOST_MEASURED_TOKENS;
            view.sentCount = size;
            view.askedSize = size;
            view.askedNs = nowNs;
        }
    }

    /** Compares the last answer with what the pipeline chose, unless it went on by steps of which nobody asked here. */
    private void learn(View view, TokenLog tokens, long nowNs) {
        int fresh = tokens.size() - view.seenSize;
        if (view.seenSize == 0 || fresh > view.answer.size() + 1) {
            return;
        }
        cost.stepped(nowNs - view.answeredNs);
        int right = 0;
        while (right < Math.min(fresh, view.answer.size())
                && tokens.get(view.seenSize + right) == view.answer.get(right)) {
            right++;
        }
        boolean cutShort = right == fresh && right < view.answer.size();
        if (!view.answer.isEmpty() && !cutShort) {
            cost.verified(view.answer.size(), right);
        }
    }

    @Override
    public void forget(long sequenceId) {
        View view = views.remove(sequenceId);
        if (view != null) {
            model.forget(view.inquiry);
        }
    }
}
