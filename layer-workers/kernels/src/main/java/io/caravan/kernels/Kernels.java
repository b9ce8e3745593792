package io.caravan.kernels;

import java.util.List;

/**
 * The primitives that a LLaMA forward pass is made of. Activations are F32; weights are of any {@code TensorType}; the
 * KV cache is F32, F16 or Q8_0. {@code rows} is how many leading rows of the activations take part. No two tensors of a call may overlap
 * unless it says so.
 */
public interface Kernels {

    /** out[r] = table[ids[r]]. out [rows, hidden], table [vocab, hidden] */
    void embed(Tensor out, Tensor table, int[] ids, int rows);

    /** out[r] = x[r] / sqrt(mean(x[r]²) + eps) · weight. out, x [rows, width], weight [1, width]; out may be x */
    void rmsNorm(Tensor out, Tensor x, Tensor weight, float eps, int rows);

    /** out = x · wᵀ. out [rows, n], x [rows, k], w [n, k], made by {@link Device#weights} */
    default void matmul(Tensor out, Tensor x, Tensor w, int rows) {
        matmul(List.of(out), x, List.of(w), rows);
    }

    /** outs[i] = x · ws[i]ᵀ: several products of the same activations, which are brought into their form once. */
    void matmul(List<Tensor> outs, Tensor x, List<Tensor> ws, int rows);

    /**
     * Rotates the pairs (i, i + headDim/2) of every head in place, as in Hugging Face checkpoints.
     *
     * @param x [rows, heads * headDim]
     * @param cos [rows, headDim / 2], each row's own angles
     * @param sin as cos
     */
    void rope(Tensor x, Tensor cos, Tensor sin, int headDim, int rows);

    /** Writes each row's key and value to its place in the cache. key, value [rows, kvHeads * headDim] */
    void storeKv(KvLayer kv, Tensor key, Tensor value, PagedRows where);

    /**
     * Causal attention of each row over the positions that the layer's {@link AttentionRule} shows it, up to its own, read
     * from the cache; others have no weight. Query head h reads KV head h / (heads / kvHeads).
     *
     * @param out [rows, heads * headDim]
     * @param q as out
     */
    void attention(Tensor out, Tensor q, KvLayer kv, PagedRows where);

    /** gate = silu(gate) · up, in place. gate, up [rows, width] */
    void swiGlu(Tensor gate, Tensor up, int rows);

    /** x += y. x, y [rows, width] */
    void add(Tensor x, Tensor y, int rows);

    /** x[r] += bias. x [rows, width], bias [1, width] F32 */
    void addBias(Tensor x, Tensor bias, int rows);

    /** x *= factor. x [rows, width] */
    void scale(Tensor x, float factor, int rows);

    /** out[i] = x[rowIndices[i]]. */
    void gatherRows(Tensor out, Tensor x, int[] rowIndices);
}
