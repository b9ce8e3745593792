package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.LANES;
import static io.caravan.kernels.vector.Memory.VECTOR_BYTES;

import io.caravan.kernels.Prepared;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.TensorType;

/**
 * Matrix products, block by block: four rows of weights at a time are widened into a panel that stays in the first-level
 * cache while a block of x, which stays in the second-level one, passes over it; quantised ones are dequantised into it. F32
 * weights need no panel. BF16 weights
 * for few rows, which is what decoding waits for, are widened in registers and read from end to end, as prefetchers like.
 *
 * @param x address of [rows, k] floats
 * @param w address of [n, k] weights
 * @param out address of [rows, n] floats
 */
record Matmul(TensorType type, long x, long w, long out, int rows, int n, int k) {

    /** Rows of w in a tile. */
    private static final int TILE = 4;

    /** Elements of a row that a block covers: a panel of four rows takes 8 KiB. */
    private static final int BLOCK_K = 512;

    /** Rows of x in a block, which takes 96 KiB. */
    private static final int BLOCK_ROWS = 48;

    /** Columns of out in a block, whose partial sums take 48 KiB with 8 lanes. */
    private static final int BLOCK_COLUMNS = 32;

    /** What {@link #compute} needs of scratch memory. */
    static final long PANEL_BYTES = (long) TILE * BLOCK_K * Float.BYTES;

    static final long SUMS_BYTES = BLOCK_ROWS * BLOCK_COLUMNS * VECTOR_BYTES;

    /** Up to this many rows, BF16 weights are widened in registers, once for three rows, and rows are read from end to end. */
    private static final int FEW_ROWS = 12;

    private static final long PANEL_ROW_BYTES = (long) BLOCK_K * Float.BYTES;

    private static final long ROW_SUMS_BYTES = BLOCK_COLUMNS * VECTOR_BYTES;

    static Matmul of(Tensor out, Prepared x, Tensor w) {
        return new Matmul(
                w.type(),
                x.data().address(),
                w.data().address(),
                out.data().address(),
                x.rows(),
                Math.toIntExact(w.rows()),
                Math.toIntExact(w.columns()));
    }

    /** Computes the columns [from, to) of out. */
    void compute(Scratch scratch, int from, int to) {
        for (var column = from; column < to; column += BLOCK_COLUMNS) {
            for (var row = 0; row < rows; row += BLOCK_ROWS) {
                block(scratch, row, Math.min(rows, row + BLOCK_ROWS), column, Math.min(to, column + BLOCK_COLUMNS));
            }
        }
    }

    private void block(Scratch scratch, int rowFrom, int rowTo, int from, int to) {
        var panel = scratch.matmulPanel;
        var sums = scratch.matmulSums;
        Memory.clear(sums, (rowTo - rowFrom) * ROW_SUMS_BYTES);
        var tiled = to - (to - from) % TILE;
        var whole = k - k % LANES;
        var few = rowTo - rowFrom <= FEW_ROWS;
        var blockK = few && (type == TensorType.F32 || type == TensorType.BF16) ? whole : BLOCK_K;
        for (var at = 0; at < whole; at += blockK) {
            var count = Math.min(blockK, whole - at);
            for (var column = from; column < tiled; column += TILE) {
                var columnSums = sums + (column - from) * VECTOR_BYTES;
                if (type == TensorType.F32) {
                    pass(wAt(column, at), type.bytes(k), columnSums, rowFrom, rowTo, at, count);
                } else if (type == TensorType.BF16 && few) {
                    passBfloat16(wAt(column, at), columnSums, rowFrom, rowTo, at, count);
                } else {
                    for (var i = 0; i < TILE; i++) {
                        widen(scratch, wAt(column + i, at), panel + i * PANEL_ROW_BYTES, count);
                    }
                    pass(panel, PANEL_ROW_BYTES, columnSums, rowFrom, rowTo, at, count);
                }
            }
            for (var column = tiled; column < to; column++) {
                for (var row = rowFrom; row < rowTo; row++) {
                    var place = sums + (row - rowFrom) * ROW_SUMS_BYTES + (column - from) * VECTOR_BYTES;
                    if (type.quantised()) {
                        widen(scratch, wAt(column, at), panel, count);
                        Tiles.oneByOne(TensorType.F32, xAt(row, at), panel, (long) count * Float.BYTES, place);
                    } else {
                        Tiles.oneByOne(type, xAt(row, at), wAt(column, at), (long) count * Float.BYTES, place);
                    }
                }
            }
        }
        for (var row = rowFrom; row < rowTo; row++) {
            finish(row, from, to, sums + (row - rowFrom) * ROW_SUMS_BYTES);
        }
    }

    /** Writes {@code count} weights as floats to {@code target}. */
    private void widen(Scratch scratch, long weights, long target, int count) {
        if (type.quantised()) {
            var floats = scratch.weights(count);
            Convert.toFloats(type, weights, floats, 0, count);
            Memory.copy(floats, 0, target, count);
        } else {
            Convert.toFloats(type, weights, target, count);
        }
    }

    /** Adds the products of {@code count} elements of four columns to the partial sums of all rows of the block. */
    private void pass(long weights, long stride, long sums, int rowFrom, int rowTo, int at, int count) {
        var bytes = count * Float.BYTES;
        var row = rowFrom;
        for (; row + 1 < rowTo; row += 3) {
            var third = Math.min(row + 2, rowTo - 1);
            var rowSums = sums + (row - rowFrom) * ROW_SUMS_BYTES;
            Tiles.threeByFour(
                    xAt(row, at),
                    xAt(row + 1, at),
                    xAt(third, at),
                    weights,
                    stride,
                    bytes,
                    VECTOR_BYTES,
                    rowSums,
                    rowSums + ROW_SUMS_BYTES,
                    sums + (third - rowFrom) * ROW_SUMS_BYTES);
        }
        if (row < rowTo) {
            Tiles.oneByFour(xAt(row, at), weights, stride, bytes, sums + (row - rowFrom) * ROW_SUMS_BYTES);
        }
    }

    /** As {@link #pass}, with BF16 weights where they are. */
    private void passBfloat16(long weights, long sums, int rowFrom, int rowTo, int at, int count) {
        var bytes = count * Short.BYTES;
        var stride = TensorType.BF16.bytes(k);
        var row = rowFrom;
        for (; row + 1 < rowTo; row += 3) {
            var third = Math.min(row + 2, rowTo - 1);
            var rowSums = sums + (row - rowFrom) * ROW_SUMS_BYTES;
            Tiles.threeByFourBfloat16(
                    xAt(row, at),
                    xAt(row + 1, at),
                    xAt(third, at),
                    weights,
                    stride,
                    bytes,
                    VECTOR_BYTES / 2,
                    rowSums,
                    rowSums + ROW_SUMS_BYTES,
                    sums + (third - rowFrom) * ROW_SUMS_BYTES);
        }
        if (row < rowTo) {
            Tiles.oneByFourBfloat16(xAt(row, at), weights, stride, bytes, sums + (row - rowFrom) * ROW_SUMS_BYTES);
        }
    }

    /** Writes the columns [from, to) of a row of out. */
    private void finish(int row, int from, int to, long sums) {
        var whole = k - k % LANES;
        for (var column = from; column < to; column++) {
            var sum = Sums.lanes(sums + (column - from) * VECTOR_BYTES);
            for (var i = whole; i < k; i++) {
                sum = Math.fma(Memory.getFloat(xAt(row, i)), Memory.get(type, wAt(column, i)), sum);
            }
            Memory.setFloat(out + ((long) row * n + column) * Float.BYTES, sum);
        }
    }

    private long xAt(int row, int element) {
        return x + ((long) row * k + element) * Float.BYTES;
    }

    private long wAt(int row, int element) {
        return w + type.bytes((long) row * k + element);
    }
}
