package io.caravan.worker.stage;

import io.caravan.model.kv.KvShape;
import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;

/**
 * What a stage takes of its worker's budget, told from its model's shape before anything is loaded, by the same count that
 * placement makes. The buffers of a step are not in it: they are small beside these, and come from what the budget leaves.
 *
 * @param weightBytes of its layers, and of embedding and head where it has them
 * @param kvBytes of its KV pool
 */
record StageMemory(long weightBytes, long kvBytes) {

    /** @param bf16 how the worker's kernels have BF16 weights */
    static StageMemory of(ModelSpec spec, StageAssignment stage, Bf16Storage bf16) {
        var kv = new KvShape(
                stage.kvBlockCount(), stage.kvBlockTokens(), stage.precision().kv());
        TensorType type = stage.precision().weights().of(spec.weightType());
        return new StageMemory(
                bf16.bytes(type, parameterCount(spec, stage)) + type.bytes(tableParameterCount(spec, stage)),
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
        return parameters;
    }

    private static long tableParameterCount(ModelSpec spec, StageAssignment stage) {
        boolean headServesAsEmbedding = stage.last() && spec.tiedEmbeddings();
        return stage.first() && !headServesAsEmbedding ? spec.embeddingParameterCount() : 0;
    }
}
