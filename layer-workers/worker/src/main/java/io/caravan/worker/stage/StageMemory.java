package io.caravan.worker.stage;

import io.caravan.model.kv.KvShape;
import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.model.ModelSpec;

/**
 * What a stage takes of its worker's budget, told from its model's shape before anything is loaded, by the same count that
 * placement makes. The buffers of a step are not in it: they are small beside these, and come from what the budget leaves.
 *
 * @param weightBytes of its layers, and of embedding and head where it has them
 * @param kvBytes of its KV pool
 */
record StageMemory(long weightBytes, long kvBytes) {

    static StageMemory of(ModelSpec spec, StageAssignment stage) {
        var kv = new KvShape(
                stage.kvBlockCount(), stage.kvBlockTokens(), stage.precision().kv());
        return new StageMemory(
                stage.precision().weights().of(spec.weightType()).bytes(parameterCount(spec, stage)),
                kv.bytes(spec, stage.layers().layerCount()));
    }

    long totalBytes() {
        return Math.addExact(weightBytes, kvBytes);
    }

    private static long parameterCount(ModelSpec spec, StageAssignment stage) {
        long parameters = stage.layers().layerCount() * spec.layerParameterCount();
        if (stage.last()) {
            parameters += spec.hiddenSize() + spec.embeddingParameterCount();
        }
        boolean headServesAsEmbedding = stage.last() && spec.tiedEmbeddings();
        if (stage.first() && !headServesAsEmbedding) {
            parameters += spec.embeddingParameterCount();
        }
        return parameters;
    }
}
