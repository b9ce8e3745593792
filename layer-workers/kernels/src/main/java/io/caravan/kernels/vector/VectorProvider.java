package io.caravan.kernels.vector;

import io.caravan.kernels.AttentionPart;
import io.caravan.kernels.HostProvider;
import io.caravan.kernels.KvLayer;
import io.caravan.kernels.LogitKernels;
import io.caravan.kernels.PagedRows;
import io.caravan.kernels.Prepared;
import io.caravan.kernels.Tensor;
import java.lang.foreign.Arena;

/** The kernels of the Vector API, with the widest vectors this CPU prefers. */
public final class VectorProvider implements HostProvider {

    /** Narrower vectors than this are no faster than plain loops. */
    private static final int LEAST_VECTOR_BITS = 128;

    private final Scratch[] scratches;
    private final Arena arena = Arena.ofShared();

    /**
     * @param threads how many threads will call
     * @throws UnsupportedOperationException when this CPU has no vectors worth the name
     */
    public VectorProvider(int threads) {
        if (Memory.FLOATS.vectorBitSize() < LEAST_VECTOR_BITS) {
            throw new UnsupportedOperationException("this JVM's vectors have " + Memory.FLOATS.vectorBitSize()
                    + " bits, the fast kernels need " + LEAST_VECTOR_BITS);
        }
        scratches = new Scratch[threads];
        for (var thread = 0; thread < threads; thread++) {
            scratches[thread] = new Scratch(arena);
        }
    }

    /** Bits follow from the number of lanes alone: every operation used is exactly rounded. */
    @Override
    public String name() {
        return "vector/" + Memory.FLOATS.vectorBitSize();
    }

    @Override
    public LogitKernels logits() {
        return new VectorLogits();
    }

    @Override
    public void embed(int thread, Tensor out, Tensor table, int[] ids, int rowFrom, int rowTo) {
        var width = Math.toIntExact(table.columns());
        var floats = scratches[thread].x(width);
        var rowBytes = table.type().bytes(width);
        for (var row = rowFrom; row < rowTo; row++) {
            Convert.toFloats(table.type(), address(table) + ids[row] * rowBytes, floats, 0, width);
            Memory.copy(floats, 0, rowAddress(out, row), width);
        }
    }

    @Override
    public void rmsNorm(int thread, Tensor out, Tensor x, Tensor weight, float eps, int rowFrom, int rowTo) {
        var width = Math.toIntExact(weight.columns());
        var scratch = scratches[thread];
        var weights = scratch.panel(width);
        Convert.toFloats(weight.type(), address(weight), weights, 0, width);
        for (var row = rowFrom; row < rowTo; row++) {
            Elementwise.rmsNorm(scratch, rowAddress(out, row), rowAddress(x, row), weights, eps, width);
        }
    }

    @Override
    public void matmul(int thread, Tensor out, Prepared x, Tensor w, int from, int to) {
        Matmul.of(out, x, w).compute(scratches[thread], from, to);
    }

    @Override
    public void rope(Tensor x, Tensor cos, Tensor sin, int headDim, int rowFrom, int rowTo) {
        var headBytes = (long) headDim * Float.BYTES;
        var heads = x.columns() / headDim;
        for (var row = rowFrom; row < rowTo; row++) {
            for (var head = 0; head < heads; head++) {
                Elementwise.rotate(
                        rowAddress(x, row) + head * headBytes, rowAddress(cos, row), rowAddress(sin, row), headDim / 2);
            }
        }
    }

    @Override
    public void storeKv(KvLayer kv, Tensor key, Tensor value, PagedRows where, int rowFrom, int rowTo) {
        var headDim = kv.headDim();
        for (var row = rowFrom; row < rowTo; row++) {
            var position = where.positions()[row];
            var block = where.tables()[row][position / kv.blockTokens()];
            for (var head = 0; head < kv.kvHeads(); head++) {
                var source = (long) head * headDim * Float.BYTES;
                var target = kv.row(block, head, position % kv.blockTokens()) * kv.width();
                store(kv.keys(), target, rowAddress(key, row) + source, headDim);
                store(kv.values(), target, rowAddress(value, row) + source, headDim);
            }
        }
    }

    private static void store(Tensor cache, long index, long source, int count) {
        Convert.fromFloats(cache.type(), source, address(cache) + cache.type().bytes(index), count);
    }

    @Override
    public void attention(int thread, AttentionPart part) {
        new Attention(scratches[thread], part).compute();
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, long from, long to) {
        Elementwise.swiGlu(
                address(gate) + from * Float.BYTES, address(up) + from * Float.BYTES, Math.toIntExact(to - from));
    }

    @Override
    public void add(Tensor x, Tensor y, long from, long to) {
        Elementwise.add(address(x) + from * Float.BYTES, address(y) + from * Float.BYTES, Math.toIntExact(to - from));
    }

    @Override
    public void addBias(Tensor x, Tensor bias, int rowFrom, int rowTo) {
        for (var row = rowFrom; row < rowTo; row++) {
            Elementwise.add(rowAddress(x, row), address(bias), Math.toIntExact(bias.columns()));
        }
    }

    @Override
    public void scale(Tensor x, float factor, long from, long to) {
        Elementwise.scale(address(x) + from * Float.BYTES, factor, Math.toIntExact(to - from));
    }

    private static long address(Tensor tensor) {
        return tensor.data().address();
    }

    /** The address of a row of activations. */
    private static long rowAddress(Tensor tensor, long row) {
        return tensor.data().address() + row * tensor.columns() * Float.BYTES;
    }

    @Override
    public void close() {
        arena.close();
    }
}
