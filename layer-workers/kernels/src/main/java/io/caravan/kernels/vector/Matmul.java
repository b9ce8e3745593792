package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.LANES;

import io.caravan.kernels.Tensor;
import io.caravan.proto.model.TensorType;
import java.util.Arrays;

/**
 * Matrix products, block by block: four rows of weights at a time are widened into a panel that stays in the first-level
 * cache while a block of x, which stays in the second-level one, passes over it. So every storage format shares one inner
 * loop, and weights are read once for a block of rows.
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

    static Matmul of(Tensor out, Tensor x, Tensor w, int rows) {
        return new Matmul(
                w.type(),
                x.data().address(),
                w.data().address(),
                out.data().address(),
                rows,
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
        var blockRows = rowTo - rowFrom;
        var panel = scratch.panel(TILE * BLOCK_K);
        var xBlock = scratch.x(BLOCK_ROWS * BLOCK_K);
        var sums = scratch.sums(BLOCK_ROWS * BLOCK_COLUMNS * LANES);
        Arrays.fill(sums, 0, blockRows * BLOCK_COLUMNS * LANES, 0);
        var whole = k - k % LANES;
        for (var at = 0; at < whole; at += BLOCK_K) {
            var count = Math.min(BLOCK_K, whole - at);
            for (var row = 0; row < blockRows; row++) {
                Memory.copy(xAt(rowFrom + row, at), xBlock, row * BLOCK_K, count);
            }
            for (var column = from; column < to; column += TILE) {
                for (var i = 0; i < Math.min(TILE, to - column); i++) {
                    Convert.toFloats(type, wAt(column + i, at), panel, i * BLOCK_K, count);
                }
                pass(xBlock, blockRows, panel, count, sums, (column - from) * LANES);
            }
        }
        for (var row = 0; row < blockRows; row++) {
            finish(rowFrom + row, from, to, sums, row * BLOCK_COLUMNS * LANES);
        }
    }

    /** Adds a panel's products to the partial sums of all rows of the block. */
    private static void pass(float[] xBlock, int blockRows, float[] panel, int count, float[] sums, int sumsAt) {
        var rowSums = BLOCK_COLUMNS * LANES;
        var row = 0;
        for (; row + 1 < blockRows; row += 3) {
            var second = row + 1;
            var third = Math.min(row + 2, blockRows - 1);
            Tiles.threeByFour(
                    xBlock,
                    row * BLOCK_K,
                    second * BLOCK_K,
                    third * BLOCK_K,
                    panel,
                    0,
                    BLOCK_K,
                    count,
                    sums,
                    sumsAt + row * rowSums,
                    sumsAt + second * rowSums,
                    sumsAt + third * rowSums);
        }
        if (row < blockRows) {
            Tiles.oneByFour(xBlock, row * BLOCK_K, panel, 0, BLOCK_K, count, sums, sumsAt + row * rowSums);
        }
    }

    /** Writes the columns [from, to) of a row of out. */
    private void finish(int row, int from, int to, float[] sums, int sumsAt) {
        var whole = k - k % LANES;
        for (var column = from; column < to; column++) {
            var sum = Sums.lanes(sums, sumsAt + (column - from) * LANES);
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
