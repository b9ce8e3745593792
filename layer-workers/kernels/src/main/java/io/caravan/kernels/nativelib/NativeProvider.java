package io.caravan.kernels.nativelib;

import io.caravan.kernels.Activations;
import io.caravan.kernels.AttentionPart;
import io.caravan.kernels.HostProvider;
import io.caravan.kernels.KvLayer;
import io.caravan.kernels.LogitKernels;
import io.caravan.kernels.PagedRows;
import io.caravan.kernels.Prepared;
import io.caravan.kernels.Tensor;
import io.caravan.kernels.TwelveBits;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The kernels compiled from C. Weights are packed when they are loaded, so that products read memory from end to end; keys
 * lie transposed within their blocks. Tables are looked up by {@code others}, and norms whose weights are not floats.
 */
public final class NativeProvider implements HostProvider {

    /** From this size on memory is taken from the system in huge pages. */
    private static final long LARGE_BYTES = 4L << 20;

    /** Weights are taken memory for in pieces of this size, since untouched memory costs nothing here. */
    private static final long SLAB_BYTES = 64L << 20;

    private final HostProvider others;
    private final boolean bytes; // quantised weights meet quantised activations
    private final boolean bf16; // BF16 weights meet BF16 activations, in a product of the CPU's own
    private final Scratch[] scratches;

    /**
     * @param others what computes what there is no native kernel for; closed with this
     * @throws UnsupportedOperationException when there is no library for this machine or CPU; says why
     */
    public NativeProvider(HostProvider others, int threads, ActivationChoice activations) {
        NativeLibrary.shared();
        this.others = others;
        bytes = activations == ActivationChoice.AUTO || activations == ActivationChoice.INT8;
        bf16 = activations == ActivationChoice.BF16 && NativeProducts.multiplyBf16();
        scratches = new Scratch[threads];
        for (var thread = 0; thread < threads; thread++) {
            scratches[thread] = new Scratch();
        }
    }

    /** Bits follow from the CPU path alone: kernels of one path are the same instructions everywhere. */
    @Override
    public String name() {
        return "native/" + NativeLibrary.shared().path();
    }

    @Override
    public LogitKernels logits() {
        return new NativeLogits();
    }

    @Override
    public MemorySegment allocate(Arena arena, long byteCount) {
        return byteCount < LARGE_BYTES ? others.allocate(arena, byteCount) : NativeMemory.allocate(arena, byteCount);
    }

    @Override
    public long slabBytes() {
        return SLAB_BYTES;
    }

    @Override
    public long packedBytes(TensorType type, long rows, long columns) {
        return NativeProducts.packedBytes(type, rows, columns);
    }

    @Override
    public void pack(TensorType type, MemorySegment packed, MemorySegment rows, long columns, long from, long to) {
        NativeProducts.pack(type, packed, rows, columns, from, to);
    }

    @Override
    public Optional<TwelveBits> twelveBits() {
        return Optional.of(new NativeTwelveBits());
    }

    @Override
    public boolean computesFrom(MemorySegment file) {
        return NativeMemory.mapHuge(file);
    }

    @Override
    public void forget(MemorySegment data) {
        if (data.isMapped()) {
            NativeMemory.forget(data);
        }
    }

    @Override
    public void embed(int thread, Tensor out, Tensor table, int[] ids, int rowFrom, int rowTo) {
        others.embed(thread, out, table, ids, rowFrom, rowTo);
    }

    @Override
    public void rmsNorm(int thread, Tensor out, Tensor x, Tensor weight, float eps, int rowFrom, int rowTo) {
        if (weight.type() == TensorType.F32) {
            NativeRows.rmsNorm(out, x, weight, eps, rowFrom, rowTo);
        } else {
            others.rmsNorm(thread, out, x, weight, eps, rowFrom, rowTo);
        }
    }

    @Override
    public Prepared.Form form(Tensor w, int rows) {
        if (!w.packed()) {
            return others.form(w, rows);
        }
        if (w.type().quantised() && bytes) {
            return NativeProducts.multiplyTiles(w.type(), rows) ? Prepared.Form.TILES : Prepared.Form.PANELS;
        }
        return w.type() == TensorType.BF16 && bf16 ? Prepared.Form.PADDED_BF16 : Prepared.Form.PADDED_FLOATS;
    }

    @Override
    public long preparedBytes(Prepared.Form form, Activations precision, int rows, int k) {
        return form == Prepared.Form.FLOATS
                ? others.preparedBytes(form, precision, rows, k)
                : NativeProducts.preparedBytes(form, rows, k);
    }

    @Override
    public void prepare(Prepared target, Tensor x, int from, int to) {
        if (target.form() == Prepared.Form.FLOATS) {
            others.prepare(target, x, from, to);
        } else {
            NativeProducts.prepare(target, x, from, to);
        }
    }

    @Override
    public void matmul(int thread, Tensor out, Prepared x, Tensor w, int from, int to) {
        if (x.form() == Prepared.Form.FLOATS) {
            others.matmul(thread, out, x, w, from, to);
        } else {
            NativeProducts.matmul(out, x, w, from, to);
        }
    }

    @Override
    public void rope(Tensor x, Tensor cos, Tensor sin, int headDim, int rowFrom, int rowTo) {
        NativeRows.rope(x, cos, sin, headDim, rowFrom, rowTo);
    }

    @Override
    public void storeKv(KvLayer kv, Tensor key, Tensor value, PagedRows where, int rowFrom, int rowTo) {
        NativeAttention.store(kv, key, value, where, rowFrom, rowTo);
    }

    @Override
    public void attention(int thread, AttentionPart part) {
        NativeAttention.attend(scratches[thread], part);
    }

    @Override
    public int segmentPositions() {
        return NativeAttention.segmentPositions();
    }

    @Override
    public long segmentBytes(int headDim) {
        return NativeAttention.segmentBytes(headDim);
    }

    @Override
    public void attendSegment(int thread, AttentionPart part, MemorySegment results, int segment) {
        NativeAttention.attendSegment(scratches[thread], part, results.address(), segment);
    }

    @Override
    public void mergeSegments(int thread, AttentionPart part, MemorySegment results, int segments) {
        NativeAttention.mergeSegments(scratches[thread], part, results.address(), segments);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, long from, long to) {
        NativeRows.swiGlu(gate, up, from, to);
    }

    @Override
    public void add(Tensor x, Tensor y, long from, long to) {
        NativeRows.add(x, y, from, to);
    }

    @Override
    public void addBias(Tensor x, Tensor bias, int rowFrom, int rowTo) {
        NativeRows.addBias(x, bias, rowFrom, rowTo);
    }

    @Override
    public void scale(Tensor x, float factor, long from, long to) {
        NativeRows.scale(x, factor, from, to);
    }

    @Override
    public void close() {
        others.close();
    }
}
