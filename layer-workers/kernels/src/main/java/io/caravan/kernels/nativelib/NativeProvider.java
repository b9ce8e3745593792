package io.caravan.kernels.nativelib;

import io.caravan.kernels.Activations;
import io.caravan.kernels.HostProvider;
import io.caravan.kernels.KvLayer;
import io.caravan.kernels.LogitKernels;
import io.caravan.kernels.PagedRows;
import io.caravan.kernels.Prepared;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The kernels compiled from C. Weights are packed when they are loaded, so that products read memory from end to end; keys
 * lie transposed within their blocks. Quantised weights that there is no native product for, or that are to be multiplied
 * with floats, are left as they are and to {@code others}.
 */
public final class NativeProvider implements HostProvider {

    /** From this size on memory is taken from the system in huge pages. */
    private static final long LARGE_BYTES = 4L << 20;

    /** Weights are taken memory for in pieces of this size, since untouched memory costs nothing here. */
    private static final long SLAB_BYTES = 64L << 20;

    /** Columns that the packed layout fills rows up to. */
    private static final int PAIR = 64;

    /** Bytes of 32 columns of a quantised row: its numbers, scale, min and four centres. */
    private static final int ROW_BLOCK_BYTES = Activations.BLOCK + 24;

    private final HostProvider others;
    private final ActivationChoice activations;
    private final Scratch[] scratches;

    /**
     * @param others what computes products that there is no native kernel for; closed with this
     * @throws UnsupportedOperationException when there is no library for this machine or CPU; says why
     */
    public NativeProvider(HostProvider others, int threads, ActivationChoice activations) {
        requireLibrary();
        this.others = others;
        this.activations = activations;
        scratches = new Scratch[threads];
        for (var thread = 0; thread < threads; thread++) {
            scratches[thread] = new Scratch();
        }
    }

    /** @throws UnsupportedOperationException when there is no library for this machine or CPU; says why */
    static void requireLibrary() {
        try {
            Calls.path();
        } catch (ExceptionInInitializerError e) {
            if (e.getCause() instanceof UnsupportedOperationException unsupported) {
                throw unsupported;
            }
            throw e;
        } catch (NoClassDefFoundError again) {
            throw new UnsupportedOperationException("their library could not be loaded before", again);
        }
    }

    /** Bits follow from the CPU path alone: kernels of one path are the same instructions everywhere. */
    @Override
    public String name() {
        return "native/" + Calls.path();
    }

    @Override
    public MemorySegment allocate(Arena arena, long bytes) {
        if (bytes < LARGE_BYTES) {
            return others.allocate(arena, bytes);
        }
        var address = Calls.allocate(bytes);
        if (address == 0) {
            throw new OutOfMemoryError("the system has no " + bytes + " bytes of memory left");
        }
        return memory(address, bytes, arena);
    }

    @Override
    public long slabBytes() {
        return SLAB_BYTES;
    }

    @SuppressWarnings("restricted")
    private static MemorySegment memory(long address, long bytes, Arena arena) {
        return MemorySegment.ofAddress(address)
                .reinterpret(bytes, arena, segment -> Calls.release(segment.address(), bytes));
    }

    @Override
    public long packedBytes(TensorType type, long rows, long columns) {
        if (type.quantised() && activations != ActivationChoice.AUTO && activations != ActivationChoice.INT8) {
            return 0;
        }
        return Kind.of(type).map(kind -> Calls.packedBytes(kind, rows, columns)).orElse(0L);
    }

    @Override
    public void pack(TensorType type, MemorySegment packed, MemorySegment rows, long columns, long from, long to) {
        Calls.pack(kind(type), packed.address(), rows.address(), columns, from, to);
    }

    private static Kind kind(TensorType type) {
        return Kind.of(type).orElseThrow(() -> new IllegalArgumentException("there are no native kernels for " + type));
    }

    @Override
    public void forget(MemorySegment data) {
        if (data.isMapped()) {
            Calls.forget(data.address(), data.byteSize());
        }
    }

    @Override
    public LogitKernels logits() {
        return new NativeLogits();
    }

    @Override
    public void embed(int thread, Tensor out, Tensor table, int[] ids, int rowFrom, int rowTo) {
        others.embed(thread, out, table, ids, rowFrom, rowTo);
    }

    @Override
    public void rmsNorm(int thread, Tensor out, Tensor x, Tensor weight, float eps, int rowFrom, int rowTo) {
        if (weight.type() == TensorType.F32) {
            Calls.rmsNorm(address(out), address(x), address(weight), eps, weight.columns(), rowFrom, rowTo);
        } else {
            others.rmsNorm(thread, out, x, weight, eps, rowFrom, rowTo);
        }
    }

    @Override
    public Prepared.Form form(Tensor w) {
        if (!w.packed()) {
            return others.form(w);
        }
        return w.type().quantised() ? Prepared.Form.PANELS : Prepared.Form.PADDED_FLOATS;
    }

    @Override
    public long preparedBytes(Prepared.Form form, Activations precision, int rows, int k) {
        return switch (form) {
            case FLOATS -> others.preparedBytes(form, precision, rows, k);
            case PADDED_FLOATS -> rows * stride(k);
            case PANELS -> (long) rows * blocks(k) * ROW_BLOCK_BYTES;
        };
    }

    private static int blocks(int k) {
        return Math.ceilDiv(k, PAIR) * (PAIR / Activations.BLOCK);
    }

    /** Bytes from one row of floats to the next: not a power of two, which would crowd the rows in few sets of the cache. */
    private static long stride(int k) {
        return Math.ceilDiv(k, 16) * 64L + 64;
    }

    @Override
    public void prepare(Prepared target, Tensor x, int from, int to) {
        var k = target.k();
        var out = target.data().address();
        switch (target.form()) {
            case FLOATS -> others.prepare(target, x, from, to);
            case PADDED_FLOATS ->
                Calls.prepareFloat(
                        out, address(x), stride(k), k, target.precision().ordinal(), from, to);
            case PANELS -> Calls.prepareInt8(out, address(x), target.rows(), k, from, to);
        }
    }

    @Override
    public void matmul(int thread, Tensor out, Prepared x, Tensor w, int from, int to) {
        var k = x.k();
        var input = x.data().address();
        switch (x.form()) {
            case FLOATS -> others.matmul(thread, out, x, w, from, to);
            case PADDED_FLOATS ->
                Calls.matmulFloat(
                        kind(w.type()).product(),
                        address(w),
                        input,
                        stride(k),
                        address(out),
                        x.rows(),
                        w.rows(),
                        k,
                        from,
                        to);
            case PANELS ->
                Calls.matmulInt8(
                        kind(w.type()).product(), address(w), input, address(out), x.rows(), w.rows(), k, from, to);
        }
    }

    @Override
    public void rope(Tensor x, Tensor cos, Tensor sin, int headDim, int rowFrom, int rowTo) {
        Calls.rope(address(x), address(cos), address(sin), x.columns(), headDim, rowFrom, rowTo);
    }

    @Override
    public void storeKv(KvLayer kv, Tensor key, Tensor value, PagedRows where, int rowFrom, int rowTo) {
        try (var arena = Arena.ofConfined()) {
            var places = new Places(arena, kv, where, rowFrom, rowTo);
            Calls.storeKv(
                    address(kv.keys()),
                    address(kv.values()),
                    address(key) + TensorType.F32.bytes(rowFrom * key.columns()),
                    address(value) + TensorType.F32.bytes(rowFrom * value.columns()),
                    storage(kv),
                    kv.blockTokens(),
                    kv.kvHeads(),
                    kv.headDim(),
                    places.blocks(),
                    places.offsets(),
                    0,
                    rowTo - rowFrom);
        }
    }

    @Override
    public void attention(
            int thread, Tensor out, Tensor q, KvLayer kv, PagedRows where, int kvHead, int rowFrom, int rowTo) {
        var rows = rowTo - rowFrom;
        var heads = q.columns() / ((long) kv.kvHeads() * kv.headDim());
        var scratch = scratches[thread];
        scratch.places(where, rowFrom, rowTo);
        var rowBytes = TensorType.F32.bytes(q.columns());
        Calls.attention(
                address(out) + rowFrom * rowBytes,
                address(q) + rowFrom * rowBytes,
                q.columns(),
                address(kv.keys()),
                address(kv.values()),
                storage(kv),
                kv.blockTokens(),
                kv.kvHeads(),
                kv.headDim(),
                kvHead,
                scratch.table(),
                scratch.positions(),
                0,
                rows,
                (float) kv.rule().scale(),
                kv.rule().window(),
                scratch.memory(Calls.attentionBytes(kv.headDim(), rows * heads)));
    }

    @Override
    public int segmentPositions() {
        return Calls.segmentPositions();
    }

    @Override
    public long segmentBytes(int headDim) {
        return Calls.segmentBytes(headDim);
    }

    @Override
    public void attendSegment(
            int thread,
            MemorySegment parts,
            Tensor q,
            KvLayer kv,
            PagedRows where,
            int kvHead,
            int rowFrom,
            int rowTo,
            int segment) {
        var heads = q.columns() / ((long) kv.kvHeads() * kv.headDim());
        var scratch = scratches[thread];
        scratch.places(where, rowFrom, rowTo);
        Calls.attendSegment(
                parts.address(),
                address(q) + rowFrom * TensorType.F32.bytes(q.columns()),
                q.columns(),
                address(kv.keys()),
                address(kv.values()),
                storage(kv),
                kv.blockTokens(),
                kv.kvHeads(),
                kv.headDim(),
                kvHead,
                scratch.table(),
                scratch.positions(),
                0,
                rowTo - rowFrom,
                (float) kv.rule().scale(),
                kv.rule().window(),
                segment,
                scratch.memory(Calls.attentionBytes(kv.headDim(), (rowTo - rowFrom) * heads)));
    }

    @Override
    public void mergeSegments(
            int thread, Tensor out, MemorySegment parts, int segments, KvLayer kv, int kvHead, int rowFrom, int rowTo) {
        Calls.mergeSegments(
                address(out),
                parts.address(),
                segments,
                out.columns(),
                kv.kvHeads(),
                kv.headDim(),
                kvHead,
                rowFrom,
                rowTo,
                scratches[thread].memory(Calls.segmentBytes(kv.headDim())));
    }

    /** How keys and values are stored, as kv.h numbers it. */
    private static long storage(KvLayer kv) {
        return switch (kv.keys().type()) {
            case F32 -> 0;
            case F16 -> 1;
            case Q8_0 -> 2;
            default ->
                throw new IllegalArgumentException(
                        "there are no native kernels for keys of " + kv.keys().type());
        };
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, long from, long to) {
        Calls.swiGlu(address(gate), address(up), from, to);
    }

    @Override
    public void add(Tensor x, Tensor y, long from, long to) {
        Calls.add(address(x), address(y), from, to);
    }

    @Override
    public void addBias(Tensor x, Tensor bias, int rowFrom, int rowTo) {
        Calls.addBias(address(x), address(bias), bias.columns(), rowFrom, rowTo);
    }

    @Override
    public void scale(Tensor x, float factor, long from, long to) {
        Calls.scale(address(x), factor, from, to);
    }

    private static long address(Tensor tensor) {
        return tensor.data().address();
    }

    @Override
    public void close() {
        others.close();
    }
}
