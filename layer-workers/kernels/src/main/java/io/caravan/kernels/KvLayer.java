package io.caravan.kernels;

/**
 * One layer's part of the paged KV cache.
 *
 * @param keys [blocks * kvHeads * blockTokens, headDim]: a block's tokens lie together head by head
 * @param values as keys; how elements lie within a block is the provider's own choice
 * @param rule how queries read them
 */
public record KvLayer(Tensor keys, Tensor values, int blockTokens, int kvHeads, int headDim, AttentionRule rule) {
    public KvLayer {
        if (keys.columns() != headDim
                || values.columns() != headDim
                || keys.rows() % ((long) kvHeads * blockTokens) != 0) {
            throw new IllegalArgumentException("a KV layer needs keys and values of [blocks * " + kvHeads + " * "
                    + blockTokens + ", " + headDim + "]");
        }
    }

    /** A layer that is read by LLaMA's own rule. */
    public KvLayer(Tensor keys, Tensor values, int blockTokens, int kvHeads, int headDim) {
        this(keys, values, blockTokens, kvHeads, headDim, AttentionRule.plain(headDim));
    }

    /** Row of {@link #keys} that holds {@code head} of the token at {@code offset} in {@code block}. */
    public long row(int block, int head, int offset) {
        return ((long) block * kvHeads + head) * blockTokens + offset;
    }
}
