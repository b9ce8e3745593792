package io.caravan.model.kv;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;

/**
 * The size of a stage's KV pool, the same for all stages of a pipeline.
 *
 * @param blockTokens tokens that one block holds
 * @param type F16, F32 for exactness, or Q8_0 for half of the memory
 */
public record KvShape(int blockCount, int blockTokens, TensorType type) {
    public KvShape {
        if (blockCount < 1 || blockTokens < 1) {
            throw new IllegalArgumentException(
                    "a KV pool needs at least one block of one token, not " + blockCount + " of " + blockTokens);
        }
        if (type != TensorType.F16 && type != TensorType.F32 && type != TensorType.Q8_0) {
            throw new IllegalArgumentException("keys and values are kept as F16, F32 or Q8_0, not " + type);
        }
    }

    /** Bytes that a pool of this shape takes for {@code layerCount} layers. */
    public long bytes(ModelSpec spec, int layerCount) {
        long perToken = spec.kvBytesPerTokenPerLayer(type) * layerCount;
        return Math.multiplyExact(perToken, (long) blockCount * blockTokens);
    }
}
