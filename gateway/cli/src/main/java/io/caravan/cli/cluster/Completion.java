package io.caravan.cli.cluster;

import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.TokenChoice;
import java.util.List;

/**
 * A sequence that ended, with the times at which its tokens arrived.
 *
 * @param submittedNs {@link System#nanoTime()} of its submission
 * @param arrivedNs the same of each of {@code tokens}
 */
public record Completion(List<TokenChoice> tokens, List<Long> arrivedNs, long submittedNs, FinishReason reason) {
    public Completion {
        tokens = List.copyOf(tokens);
        arrivedNs = List.copyOf(arrivedNs);
    }

    /** When the first token arrived. */
    public long firstNs() {
        return arrivedNs.getFirst();
    }

    /** When the last token arrived. */
    public long lastNs() {
        return arrivedNs.getLast();
    }
}
