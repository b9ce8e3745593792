package io.caravan.scheduler.placement;

import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;

/**
 * What a range of layers costs: memory, and bytes read for each token, which is what decoding waits for.
 *
 * <p>The first stage holds the embedding but reads one row of it a token; the last holds the head and reads all of it. A
 * tied model has the embedding on both ends, and once where both ends are one. BF16 weights may take less memory than they are long
 * ({@link Bf16Storage}), but for the embedding, whose rows stay as they are; the speed of reading is measured with plain ones.
 */
record StageSizes(ModelSpec spec, KvBudget kv) {

    private boolean first(LayerRange layers) {
        return layers.first() == 0;
    }

    private boolean last(LayerRange layers) {
        return layers.end() == spec.layerCount();
    }

    long weightBytes(LayerRange layers, Bf16Storage bf16) {
        boolean ownEmbedding = first(layers) && !(last(layers) && spec.tiedEmbeddings());
        long embedding = ownEmbedding ? spec.weightType().bytes(spec.embeddingParameterCount()) : 0;
        return bf16.bytes(spec.weightType(), readParameters(layers)) + embedding;
    }

    /** Bytes of weights that one step reads. */
    long readBytes(LayerRange layers) {
        return spec.weightType().bytes(readParameters(layers));
    }

    private long readParameters(LayerRange layers) {
        long parameters = layers.layerCount() * spec.layerParameterCount();
        if (last(layers)) {
            parameters += spec.embeddingParameterCount() + spec.hiddenSize();
        }
        return parameters;
    }

    /** Bytes that one KV block takes over all of {@code layers}. */
    long blockBytes(LayerRange layers) {
        return layers.layerCount() * kv.blockBytesPerLayer(spec);
    }

    long bytes(LayerRange layers, int blockCount, Bf16Storage bf16) {
        return weightBytes(layers, bf16) + blockBytes(layers) * blockCount;
    }
}
