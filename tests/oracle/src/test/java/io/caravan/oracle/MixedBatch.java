package io.caravan.oracle;

import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Sixteen sequences: an oracle model's cases among others of odd lengths, so that prefill and decode mix in each step. */
final class MixedBatch {
    private static final int SIZE = 16;
    private static final int CHUNK = 7;

    private MixedBatch() {}

    static List<TestSequence> of(OracleModel model, int completionCount) {
        var random = new Random(5);
        int vocabSize = model.cases().getFirst().lastLogits().length;
        var batch = new ArrayList<TestSequence>();
        for (int id = 0; id < SIZE; id++) {
            TokenIds prompt = isCase(id, model)
                    ? model.cases().get(id / 4).prompt()
                    : TokenIds.of(
                            random.ints(1 + random.nextInt(60), 0, vocabSize).toArray());
            batch.add(TestSequence.completing(id, prompt, completionCount, 1 + (id * 3) % CHUNK));
        }
        return batch;
    }

    /** The sequences of {@code batch} that are the model's cases, in their order. */
    static List<TestSequence> casesOf(List<TestSequence> batch, OracleModel model) {
        return batch.stream()
                .filter(sequence -> isCase((int) sequence.id, model))
                .toList();
    }

    /** Every fourth, the second of each four. */
    private static boolean isCase(int id, OracleModel model) {
        return id % 4 == 1 && id / 4 < model.cases().size();
    }
}
