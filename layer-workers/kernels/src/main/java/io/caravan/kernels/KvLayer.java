package io.caravan.kernels;

import io.caravan.proto.model.TensorType;

/**
 * One layer's part of the paged KV cache.
 *
 * @param keys [blocks * kvHeads * blockTokens, {@link #width}]: a block's tokens lie together head by head
 * @param values as keys; how elements lie within a block is the provider's own choice
 * @param rule how queries read them
 */
public record KvLayer(Tensor keys, Tensor values, int blockTokens, int kvHeads, int headDim, AttentionRule rule) {
    public KvLayer {
        var width = width(keys.type(), headDim);
        if (keys.columns() != width
                || values.columns() != width
                || values.type() != keys.type()
                || keys.rows() % ((long) kvHeads * blockTokens) != 0) {
            throw new IllegalArgumentException("a KV layer needs keys and values of [blocks * " + kvHeads + " * "
                    + blockTokens + ", " + width + "]");
        }
    }

    /** A layer that is read by LLaMA's own rule. */
    public KvLayer(Tensor keys, Tensor values, int blockTokens, int kvHeads, int headDim) {
        this(keys, values, blockTokens, kvHeads, headDim, AttentionRule.plain(headDim));
    }

    /** Columns that a head takes: whole quantisation blocks, filled up with zeros. */
    public static long width(TensorType type, int headDim) {
        return (long) Math.ceilDiv(headDim, type.blockElements()) * type.blockElements();
    }

    /** Columns of {@link #keys} and {@link #values}. */
    public int width() {
        return (int) keys.columns();
    }

    /** Row of {@link #keys} that holds {@code head} of the token at {@code offset} in {@code block}. */
    public long row(int block, int head, int offset) {
        return ((long) block * kvHeads + head) * blockTokens + offset;
    }
}
