package io.caravan.kernels;

/**
 * Kernels of the host's memory, each on a part of its output that one thread computes alone. {@link HostKernels} has
 * checked every shape and index before, cuts the work into parts and gives each part to a thread.
 *
 * <p>What a part computes must not depend on where the cuts are: an output has the same bits alone and beside others. A
 * {@code thread} is the number of the calling thread, for scratch memory that calls of one thread may share.
 */
public interface HostProvider extends AutoCloseable {

    /** Provider and path: equal names promise equal bits. */
    String name();

    /** out[r] = table[ids[r]] for r of [rowFrom, rowTo), as F32. */
    void embed(int thread, Tensor out, Tensor table, int[] ids, int rowFrom, int rowTo);

    /** RMSNorm of the rows [rowFrom, rowTo). */
    void rmsNorm(int thread, Tensor out, Tensor x, Tensor weight, float eps, int rowFrom, int rowTo);

    /** The columns [from, to) of out = x · wᵀ, for all {@code rows}. */
    void matmul(int thread, Tensor out, Tensor x, Tensor w, int rows, int from, int to);

    /** Rotates the rows [rowFrom, rowTo) of x in place. */
    void rope(Tensor x, Tensor cos, Tensor sin, int headDim, int rowFrom, int rowTo);

    /** Stores keys and values of the rows [rowFrom, rowTo). */
    void storeKv(KvLayer kv, Tensor key, Tensor value, PagedRows where, int rowFrom, int rowTo);

    /** Attention of the query heads that read {@code kvHead}, for the rows [rowFrom, rowTo). */
    void attention(int thread, Tensor out, Tensor q, KvLayer kv, PagedRows where, int kvHead, int rowFrom, int rowTo);

    /** gate = silu(gate) · up for the elements [from, to), counted over all rows. */
    void swiGlu(Tensor gate, Tensor up, long from, long to);

    /** x += y for the elements [from, to), counted over all rows. */
    void add(Tensor x, Tensor y, long from, long to);

    /** x[r] += bias for the rows [rowFrom, rowTo). */
    void addBias(Tensor x, Tensor bias, int rowFrom, int rowTo);

    /** x *= factor for the elements [from, to), counted over all rows. */
    void scale(Tensor x, float factor, long from, long to);

    /** Gives the scratch memory back. */
    @Override
    void close();
}
