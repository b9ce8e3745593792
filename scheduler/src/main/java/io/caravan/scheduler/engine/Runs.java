package io.caravan.scheduler.engine;

import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.step.StepResult;
import java.util.ArrayList;
import java.util.List;

/** A step's result, cut into what each sequence got. */
final class Runs {
    private Runs() {}

    /**
     * For each of {@code choosers} the drafted tokens that were right and the one chosen after them, or what came before a fault.
     *
     * @throws IllegalStateException where the result is not that of a plan with these choosers
     */
    static List<List<TokenChoice>> of(List<Chooser> choosers, StepResult result) {
        var runs = new ArrayList<List<TokenChoice>>(choosers.size());
        int at = 0;
        for (Chooser chooser : choosers) {
            var run = new ArrayList<TokenChoice>();
            while (at < result.tokens().size()
                    && result.tokens().get(at).sequenceId()
                            == chooser.sequence().id()
                    && goesOn(chooser, run)) {
                run.add(result.tokens().get(at++).choice());
            }
            runs.add(run);
        }
        boolean missing = false;
        for (int i = 0; i < runs.size(); i++) {
            missing |=
                    runs.get(i).isEmpty() && !failed(choosers.get(i).sequence().id(), result);
        }
        if (at < result.tokens().size() || missing) {
            throw new IllegalStateException(
                    "step " + result.step() + " chose tokens for other sequences or drafts than planned");
        }
        return runs;
    }

    private static boolean failed(long sequenceId, StepResult result) {
        return result.faults().stream().anyMatch(fault -> fault.sequenceId() == sequenceId);
    }

    /** Whether a token may follow those of {@code run}: all of them have to be what was drafted. */
    private static boolean goesOn(Chooser chooser, List<TokenChoice> run) {
        int count = run.size();
        return count == 0
                || count <= chooser.draft().size()
                        && run.getLast().token() == chooser.draft().get(count - 1);
    }
}
