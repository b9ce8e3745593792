package io.caravan.kernels.scalar;

import io.caravan.kernels.AttentionPart;
import io.caravan.kernels.HostProvider;
import io.caravan.kernels.KvLayer;
import io.caravan.kernels.LogitKernels;
import io.caravan.kernels.PagedRows;
import io.caravan.kernels.Prepared;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The kernels as plain loops. */
public final class ScalarProvider implements HostProvider {

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public LogitKernels logits() {
        return new ScalarLogits();
    }

    @Override
    public void embed(int thread, Tensor out, Tensor table, int[] ids, int rowFrom, int rowTo) {
        var width = Math.toIntExact(table.columns());
        for (var row = rowFrom; row < rowTo; row++) {
            var floats = Elements.floats(table, (long) ids[row] * width, width);
            MemorySegment.copy(
                    floats, 0, out.data(), ValueLayout.JAVA_FLOAT, TensorType.F32.bytes((long) row * width), width);
        }
    }

    @Override
    public void rmsNorm(int thread, Tensor out, Tensor x, Tensor weight, float eps, int rowFrom, int rowTo) {
        var width = weight.columns();
        for (var row = rowFrom; row < rowTo; row++) {
            var first = row * width;
            var squares = 0.0;
            for (var i = 0L; i < width; i++) {
                var value = (double) Elements.get(x, first + i);
                squares += value * value;
            }
            var scale = 1 / Math.sqrt(squares / width + eps);
            for (var i = 0L; i < width; i++) {
                Elements.set(out, first + i, (float) (Elements.get(x, first + i) * scale * Elements.get(weight, i)));
            }
        }
    }

    @Override
    public void matmul(int thread, Tensor out, Prepared x, Tensor w, int from, int to) {
        var k = x.k();
        var rows = x.rows();
        var inputs = new float[rows][];
        for (var row = 0; row < rows; row++) {
            inputs[row] = Elements.floats(x.data(), (long) row * k, k);
        }
        for (var column = from; column < to; column++) {
            var weights = Elements.floats(w, (long) column * k, k);
            for (var row = 0; row < rows; row++) {
                Elements.set(out, row * out.columns() + column, (float) dot(inputs[row], weights));
            }
        }
    }

    static double dot(float[] a, float[] b) {
        var sum = 0.0;
        for (var i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    @Override
    public void rope(Tensor x, Tensor cos, Tensor sin, int headDim, int rowFrom, int rowTo) {
        var half = headDim / 2;
        for (var row = rowFrom; row < rowTo; row++) {
            for (var head = row * x.columns(); head < (row + 1) * x.columns(); head += headDim) {
                for (var i = 0; i < half; i++) {
                    var c = (double) Elements.get(cos, (long) row * half + i);
                    var s = (double) Elements.get(sin, (long) row * half + i);
                    var a = Elements.get(x, head + i);
                    var b = Elements.get(x, head + half + i);
                    Elements.set(x, head + i, (float) (a * c - b * s));
                    Elements.set(x, head + half + i, (float) (b * c + a * s));
                }
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
                var source = ((long) row * kv.kvHeads() + head) * headDim;
                var target = kv.row(block, head, position % kv.blockTokens());
                Elements.setRow(kv.keys(), target, Elements.floats(key, source, headDim));
                Elements.setRow(kv.values(), target, Elements.floats(value, source, headDim));
            }
        }
    }

    @Override
    public void attention(int thread, AttentionPart part) {
        var kv = part.kv();
        var heads = part.groupHeads();
        for (var row = part.rowFrom(); row < part.rowTo(); row++) {
            var position = part.where().positions()[row];
            for (var head = part.kvHead() * heads; head < (part.kvHead() + 1) * heads; head++) {
                var first = row * part.q().columns() + (long) head * kv.headDim();
                ScalarAttention.head(part.out(), part.q(), first, kv, part.kvHead(), position, part.table());
            }
        }
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, long from, long to) {
        for (var i = from; i < to; i++) {
            var g = (double) Elements.get(gate, i);
            Elements.set(gate, i, (float) (g / (1 + StrictMath.exp(-g)) * Elements.get(up, i)));
        }
    }

    @Override
    public void add(Tensor x, Tensor y, long from, long to) {
        for (var i = from; i < to; i++) {
            Elements.set(x, i, Elements.get(x, i) + Elements.get(y, i));
        }
    }

    @Override
    public void addBias(Tensor x, Tensor bias, int rowFrom, int rowTo) {
        var width = bias.columns();
        for (var row = rowFrom; row < rowTo; row++) {
            for (var i = 0L; i < width; i++) {
                Elements.set(x, row * width + i, Elements.get(x, row * width + i) + Elements.get(bias, i));
            }
        }
    }

    @Override
    public void scale(Tensor x, float factor, long from, long to) {
        for (var i = from; i < to; i++) {
            Elements.set(x, i, Elements.get(x, i) * factor);
        }
    }

    @Override
    public void close() {
        // has no scratch memory
    }
}
