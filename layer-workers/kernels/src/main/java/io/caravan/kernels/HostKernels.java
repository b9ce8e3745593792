package io.caravan.kernels;

import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Checks each call, since providers address memory directly, and cuts it into parts for the threads. Where the cuts are
 * changes no bit, so they follow the size of the work only.
 */
final class HostKernels implements Kernels {

    /** Multiply-adds (or elements) of a part; a call of no more is computed by the caller alone. */
    static final long PART_WORK = 1 << 17;

    /** Cost of storing a key or value in multiply-adds: each goes to a line of memory of its own. */
    private static final int STORE_WORK = 32;

    /** Cost of an element of SwiGLU or RMSNorm in multiply-adds. */
    private static final int ELEMENT_WORK = 8;

    private final Device device;
    private final HostProvider provider;
    private final ComputePool pool;
    private final PooledProducts products;
    private final PooledAttention attention;

    HostKernels(Device device, HostProvider provider, ComputePool pool, ActivationChoice activations) {
        this.device = device;
        this.provider = provider;
        this.pool = pool;
        this.products = new PooledProducts(provider, pool, activations);
        this.attention = new PooledAttention(provider, pool);
    }

    @Override
    public void embed(Tensor out, Tensor table, int[] ids, int rows) {
        activations("out", out, rows, table.columns());
        mine("table", table);
        if (table.packed()) {
            throw new IllegalArgumentException("the table must be made by table, not by weights");
        }
        if (ids.length < rows) {
            throw new IllegalArgumentException(ids.length + " token ids for " + rows + " rows");
        }
        indices("token id", ids, rows, table.rows());
        split(rows, table.columns(), (thread, from, to) -> provider.embed(thread, out, table, ids, from, to));
    }

    @Override
    public void rmsNorm(Tensor out, Tensor x, Tensor weight, float eps, int rows) {
        activations("out", out, rows, weight.columns());
        activations("x", x, rows, weight.columns());
        mine("weight", weight);
        split(
                rows,
                weight.columns() * ELEMENT_WORK,
                (thread, from, to) -> provider.rmsNorm(thread, out, x, weight, eps, from, to));
    }

    @Override
    public void matmul(List<Tensor> outs, Tensor x, List<Tensor> ws, int rows) {
        if (outs.size() != ws.size()) {
            throw new IllegalArgumentException(outs.size() + " results for " + ws.size() + " products");
        }
        for (var i = 0; i < ws.size(); i++) {
            activations("out", outs.get(i), rows, ws.get(i).rows());
            activations("x", x, rows, ws.get(i).columns());
            mine("w", ws.get(i));
        }
        if (rows > 0) {
            products.compute(outs, x, ws, rows);
        }
    }

    @Override
    public void rope(Tensor x, Tensor cos, Tensor sin, int headDim, int rows) {
        activations("x", x, rows, x.columns());
        activations("cos", cos, rows, headDim / 2);
        activations("sin", sin, rows, headDim / 2);
        if (headDim < 2 || headDim % 2 != 0 || x.columns() % headDim != 0) {
            throw new IllegalArgumentException("heads of " + headDim + " do not fill rows of " + x.columns());
        }
        split(rows, x.columns(), (thread, from, to) -> provider.rope(x, cos, sin, headDim, from, to));
    }

    @Override
    public void storeKv(KvLayer kv, Tensor key, Tensor value, PagedRows where) {
        var width = (long) kv.kvHeads() * kv.headDim();
        activations("key", key, where.rowCount(), width);
        activations("value", value, where.rowCount(), width);
        places(kv, where);
        split(
                where.rowCount(),
                width * 2 * STORE_WORK,
                (thread, from, to) -> provider.storeKv(kv, key, value, where, from, to));
    }

    @Override
    public void attention(Tensor out, Tensor q, KvLayer kv, PagedRows where) {
        var groupWidth = (long) kv.kvHeads() * kv.headDim();
        if (q.columns() % groupWidth != 0) {
            throw new IllegalArgumentException(
                    "query rows of " + q.columns() + " do not share " + kv.kvHeads() + " KV heads of " + kv.headDim());
        }
        activations("out", out, where.rowCount(), q.columns());
        activations("q", q, where.rowCount(), q.columns());
        places(kv, where);
        attention.compute(out, q, kv, where);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, int rows) {
        activations("gate", gate, rows, up.columns());
        activations("up", up, rows, up.columns());
        splitElements(rows * up.columns(), ELEMENT_WORK, (from, to) -> provider.swiGlu(gate, up, from, to));
    }

    @Override
    public void add(Tensor x, Tensor y, int rows) {
        activations("x", x, rows, y.columns());
        activations("y", y, rows, y.columns());
        splitElements(rows * y.columns(), 1, (from, to) -> provider.add(x, y, from, to));
    }

    @Override
    public void addBias(Tensor x, Tensor bias, int rows) {
        activations("x", x, rows, bias.columns());
        activations("bias", bias, 1, bias.columns());
        split(rows, bias.columns(), (thread, from, to) -> provider.addBias(x, bias, from, to));
    }

    @Override
    public void scale(Tensor x, float factor, int rows) {
        activations("x", x, rows, x.columns());
        splitElements(rows * x.columns(), 1, (from, to) -> provider.scale(x, factor, from, to));
    }

    @Override
    public void gatherRows(Tensor out, Tensor x, int[] rowIndices) {
        activations("out", out, rowIndices.length, x.columns());
        activations("x", x, 0, x.columns());
        indices("row", rowIndices, rowIndices.length, x.rows());
        var rowBytes = x.type().bytes(x.columns());
        for (var i = 0; i < rowIndices.length; i++) {
            MemorySegment.copy(x.data(), rowIndices[i] * rowBytes, out.data(), i * rowBytes, rowBytes);
        }
    }

    private interface RowRange {
        void compute(int thread, int from, int to);
    }

    private interface ElementRange {
        void compute(long from, long to);
    }

    private void split(int rows, long rowWork, RowRange range) {
        var partRows = Math.clamp(PART_WORK / Math.max(1, rowWork), 1, Math.max(1, rows));
        pool.run(
                Math.ceilDiv(rows, partRows),
                (thread, part) -> range.compute(thread, part * partRows, Math.min(rows, (part + 1) * partRows)));
    }

    private void splitElements(long elements, int elementWork, ElementRange range) {
        var partElements = PART_WORK / elementWork;
        pool.run(
                Math.toIntExact(Math.ceilDiv(elements, partElements)),
                (thread, part) -> range.compute(part * partElements, Math.min(elements, (part + 1) * partElements)));
    }

    private void mine(String what, Tensor tensor) {
        if (tensor.device() != device) {
            throw new IllegalArgumentException(what + " belongs to another device");
        }
    }

    private void activations(String what, Tensor tensor, int rows, long columns) {
        mine(what, tensor);
        if (tensor.type() != TensorType.F32 || tensor.columns() != columns || rows < 0 || tensor.rows() < rows) {
            throw new IllegalArgumentException(what + " must be F32 [>= " + rows + ", " + columns + "], not "
                    + tensor.type() + " [" + tensor.rows() + ", " + tensor.columns() + "]");
        }
    }

    private static void indices(String what, int[] indices, int count, long limit) {
        for (var i = 0; i < count; i++) {
            if (indices[i] < 0 || indices[i] >= limit) {
                throw new IllegalArgumentException(what + " " + indices[i] + " is outside [0, " + limit + ")");
            }
        }
    }

    private void places(KvLayer kv, PagedRows where) {
        mine("keys", kv.keys());
        mine("values", kv.values());
        var blockCount = kv.keys().rows() / ((long) kv.kvHeads() * kv.blockTokens());
        for (var row = 0; row < where.rowCount(); row++) {
            var table = where.tables()[row];
            var lastBlock = where.positions()[row] / kv.blockTokens();
            if (where.positions()[row] < 0 || lastBlock >= table.length) {
                throw new IllegalArgumentException("position " + where.positions()[row] + " is outside a table of "
                        + table.length + " blocks of " + kv.blockTokens());
            }
            if (row == 0 || table != where.tables()[row - 1] || where.positions()[row] >= where.positions()[row - 1]) {
                indices("block", table, lastBlock + 1, blockCount);
            }
        }
    }
}
