package io.caravan.model.sampling;

import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenIds;

/** Moves logits by what the request asked for and by what the sequence holds already. */
final class Penalties {
    private final int[] completionCounts; // [vocab], all zero between calls
    private final boolean[] seen; // [vocab], all false between calls

    Penalties(int vocabSize) {
        completionCounts = new int[vocabSize];
        seen = new boolean[vocabSize];
    }

    /**
     * Changes {@code logits} [vocab] in place: bias, then repetition, then presence and frequency. A bias on an id outside
     * the vocabulary moves nothing.
     *
     * @param promptCount how many of {@code history} are prompt tokens
     */
    void apply(float[] logits, Sampling sampling, TokenIds history, int promptCount) {
        sampling.logitBias().forEach((id, bias) -> {
            if (id < logits.length) {
                logits[id] += bias;
            }
        });
        if (!sampling.needsHistory()) {
            return;
        }
        int size = history.size();
        for (int i = promptCount; i < size; i++) {
            completionCounts[history.get(i)]++;
        }
        for (int i = 0; i < size; i++) {
            int id = history.get(i);
            if (!seen[id]) {
                seen[id] = true;
                logits[id] = penalised(logits[id], completionCounts[id], sampling);
            }
        }
        for (int i = 0; i < size; i++) {
            seen[history.get(i)] = false;
            completionCounts[history.get(i)] = 0;
        }
    }

    private static float penalised(float logit, int completionCount, Sampling sampling) {
        float penalty = sampling.repetitionPenalty();
        float repeated = logit > 0 ? logit / penalty : logit * penalty;
        if (completionCount == 0) {
            return repeated;
        }
        return repeated - sampling.presencePenalty() - completionCount * sampling.frequencyPenalty();
    }
}
