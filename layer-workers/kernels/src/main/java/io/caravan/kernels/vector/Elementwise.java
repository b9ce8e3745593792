package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.FLOATS;
import static io.caravan.kernels.vector.Memory.LANES;

import io.caravan.kernels.scalar.Exp;
import jdk.incubator.vector.FloatVector;

/** Kernels that touch each element once or twice: norm, rotation, activation, addition. */
final class Elementwise {
    private Elementwise() {}

    /** out = x / sqrt(mean(x²) + eps) · weight for one row. weight [width] as floats */
    static void rmsNorm(Scratch scratch, long out, long x, float[] weight, float eps, int width) {
        var row = scratch.x(width);
        var sums = scratch.sums(LANES);
        Memory.copy(x, row, 0, width);
        var whole = width - width % LANES;
        var squares = FloatVector.zero(FLOATS);
        for (var i = 0; i < whole; i += LANES) {
            var v = FloatVector.fromArray(FLOATS, row, i);
            squares = v.fma(v, squares);
        }
        squares.intoArray(sums, 0);
        var sum = Sums.tail(Sums.lanes(sums, 0), row, whole, row, whole, width - whole);
        var scale = (float) (1 / Math.sqrt(sum / (double) width + eps));
        for (var i = 0; i < whole; i += LANES) {
            var v = FloatVector.fromArray(FLOATS, row, i).mul(scale);
            v.mul(FloatVector.fromArray(FLOATS, weight, i)).intoArray(row, i);
        }
        for (var i = whole; i < width; i++) {
            row[i] = row[i] * scale * weight[i];
        }
        Memory.copy(row, 0, out, width);
    }

    /** Rotates one head of 2 · {@code half} elements in place. cos, sin [half] */
    static void rotate(long x, long cos, long sin, int half) {
        var upper = x + 4L * half;
        var whole = half - half % LANES;
        for (var i = 0; i < whole; i += LANES) {
            var a = Memory.load(x + 4L * i);
            var b = Memory.load(upper + 4L * i);
            var c = Memory.load(cos + 4L * i);
            var s = Memory.load(sin + 4L * i);
            Memory.store(a.fma(c, b.mul(s).neg()), x + 4L * i);
            Memory.store(b.fma(c, a.mul(s)), upper + 4L * i);
        }
        for (var i = whole; i < half; i++) {
            var a = Memory.getFloat(x + 4L * i);
            var b = Memory.getFloat(upper + 4L * i);
            var c = Memory.getFloat(cos + 4L * i);
            var s = Memory.getFloat(sin + 4L * i);
            Memory.setFloat(x + 4L * i, Math.fma(a, c, -(b * s)));
            Memory.setFloat(upper + 4L * i, Math.fma(b, c, a * s));
        }
    }

    /** gate = gate / (1 + e^-gate) · up. */
    static void swiGlu(long gate, long up, int count) {
        var whole = count - count % LANES;
        for (var i = 0; i < whole; i += LANES) {
            var g = Memory.load(gate + 4L * i);
            var silu = g.div(VectorExp.of(g.neg()).add(1f));
            Memory.store(silu.mul(Memory.load(up + 4L * i)), gate + 4L * i);
        }
        for (var i = whole; i < count; i++) {
            var g = Memory.getFloat(gate + 4L * i);
            Memory.setFloat(gate + 4L * i, g / (Exp.of(-g) + 1f) * Memory.getFloat(up + 4L * i));
        }
    }

    /** x += y. */
    static void add(long x, long y, int count) {
        var whole = count - count % LANES;
        for (var i = 0; i < whole; i += LANES) {
            Memory.store(Memory.load(x + 4L * i).add(Memory.load(y + 4L * i)), x + 4L * i);
        }
        for (var i = whole; i < count; i++) {
            Memory.setFloat(x + 4L * i, Memory.getFloat(x + 4L * i) + Memory.getFloat(y + 4L * i));
        }
    }

    /** x *= factor. */
    static void scale(long x, float factor, int count) {
        var whole = count - count % LANES;
        for (var i = 0; i < whole; i += LANES) {
            Memory.store(Memory.load(x + 4L * i).mul(factor), x + 4L * i);
        }
        for (var i = whole; i < count; i++) {
            Memory.setFloat(x + 4L * i, Memory.getFloat(x + 4L * i) * factor);
        }
    }
}
