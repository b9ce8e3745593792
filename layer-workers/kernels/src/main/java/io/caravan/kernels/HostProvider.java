package io.caravan.kernels;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

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

    /** What chooses tokens from logits; used by one thread at a time. */
    LogitKernels logits();

    /** Memory for tensors, zeroed and aligned to a cache line; given back with {@code arena}. */
    default MemorySegment allocate(Arena arena, long bytes) {
        return arena.allocate(bytes, 64);
    }

    /** Bytes of the pieces that memory for weights is taken in; 0 where each matrix may as well have its own. */
    default long slabBytes() {
        return 0;
    }

    /**
     * Bytes that weights of a matrix product take in the provider's own layout; 0 where it reads them as files have them.
     */
    default long packedBytes(TensorType type, long rows, long columns) {
        return 0;
    }

    /**
     * Lays the rows [from, to) out in {@code packed}. Cuts are multiples of 32 rows.
     *
     * @param rows these rows as a file has them
     */
    default void pack(TensorType type, MemorySegment packed, MemorySegment rows, long columns, long from, long to) {
        throw new UnsupportedOperationException(name() + " reads weights as files have them");
    }

    /** How BF16 weights are packed in twelve bits; empty where products do not read them so. */
    default Optional<TwelveBits> twelveBits() {
        return Optional.empty();
    }

    /** Whether products are as fast with packed weights in this mapped file as in memory of their own. */
    default boolean computesFrom(MemorySegment file) {
        return false;
    }

    /** Hears that the weights at {@code data} were packed and will not be read again. */
    default void forget(MemorySegment data) {}

    /** The form of activations that products of so many rows with {@code w} read. Another form changes no bit. */
    default Prepared.Form form(Tensor w, int rows) {
        return Prepared.Form.FLOATS;
    }

    /** Bytes that {@link #prepare} writes; 0 where products read the activations as they are. */
    default long preparedBytes(Prepared.Form form, Activations precision, int rows, int k) {
        return precision == Activations.F32 ? 0 : TensorType.F32.bytes((long) rows * k);
    }

    /**
     * Brings the rows [from, to) of x into the form that {@link #matmul} reads. Cuts are multiples of 8 rows.
     *
     * @param x [>= rows, k] F32
     */
    default void prepare(Prepared target, Tensor x, int from, int to) {
        var row = new float[target.k()];
        var bytes = TensorType.F32.bytes(target.k());
        for (var i = from; i < to; i++) {
            MemorySegment.copy(x.data(), ValueLayout.JAVA_FLOAT, i * bytes, row, 0, row.length);
            target.precision().round(row, row, row.length);
            MemorySegment.copy(row, 0, target.data(), ValueLayout.JAVA_FLOAT, i * bytes, row.length);
        }
    }

    /** The columns [from, to) of out = x · wᵀ, for all rows of x. Cuts are multiples of 32 columns. */
    void matmul(int thread, Tensor out, Prepared x, Tensor w, int from, int to);

    /** Rotates the rows [rowFrom, rowTo) of x in place. */
    void rope(Tensor x, Tensor cos, Tensor sin, int headDim, int rowFrom, int rowTo);

    /** Stores keys and values of the rows [rowFrom, rowTo). */
    void storeKv(KvLayer kv, Tensor key, Tensor value, PagedRows where, int rowFrom, int rowTo);

    /** Attention over all that the rows of {@code part} see. */
    void attention(int thread, AttentionPart part);

    /**
     * Positions of a segment, by which attention of a few rows can be cut for many threads; none is as long as
     * {@link Integer#MAX_VALUE}. A row's bits are the same whether it is computed by segments or whole.
     */
    default int segmentPositions() {
        return Integer.MAX_VALUE;
    }

    /** Bytes of what is kept of one query head in one segment. */
    default long segmentBytes(int headDim) {
        throw new UnsupportedOperationException(name() + " computes whole rows");
    }

    /**
     * Attention over the positions of one segment alone.
     *
     * @param results [rows, query heads of the KV head] of {@link #segmentBytes}
     * @param segment counted from a sequence's begin
     */
    default void attendSegment(int thread, AttentionPart part, MemorySegment results, int segment) {
        throw new UnsupportedOperationException(name() + " computes whole rows");
    }

    /**
     * What {@link #attention} writes, from all segments that the rows see.
     *
     * @param results [segments in their order] of what {@link #attendSegment} wrote
     */
    default void mergeSegments(int thread, AttentionPart part, MemorySegment results, int segments) {
        throw new UnsupportedOperationException(name() + " computes whole rows");
    }

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
