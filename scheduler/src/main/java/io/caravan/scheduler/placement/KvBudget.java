package io.caravan.scheduler.placement;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;

/**
 * How much KV memory a pipeline wants.
 *
 * @param type of keys and values
 * @param blockTokens tokens of one block
 * @param minTokens a placement with less is refused
 * @param maxTokens more is not taken, however much memory there is
 */
public record KvBudget(TensorType type, int blockTokens, int minTokens, int maxTokens) {
    public KvBudget {
        if (blockTokens < 1 || minTokens < 1 || maxTokens < minTokens) {
            throw new IllegalArgumentException("a KV budget needs block-tokens >= 1 and 1 <= min-tokens <= max-tokens,"
                    + " not " + blockTokens + ", " + minTokens + ", " + maxTokens);
        }
    }

    int minBlocks() {
        return Math.ceilDiv(minTokens, blockTokens);
    }

    /** Blocks that hold {@link #maxTokens}. */
    public int maxBlocks() {
        return Math.ceilDiv(maxTokens, blockTokens);
    }

    /** Bytes of one block in one layer. */
    long blockBytesPerLayer(ModelSpec spec) {
        return spec.kvBytesPerTokenPerLayer(type) * blockTokens;
    }
}
