package io.caravan.kernels;

import java.util.Arrays;

/**
 * How attention is cut: a part is one KV head and a run of rows that share a block table, so that what it reads of the
 * cache serves several rows and all query heads of the KV head.
 *
 * @param firstRows first row of each run, and the row count at the end
 */
record AttentionParts(int[] firstRows, int kvHeads) {

    /** Most rows of a run; there is little left to share beyond. */
    private static final int MAX_RUN_ROWS = 16;

    /** Cuts runs as long as they may be while there are {@code wanted} parts. */
    static AttentionParts cut(PagedRows where, int kvHeads, int wanted) {
        var runRows = Math.clamp((long) where.rowCount() * kvHeads / wanted, 1, MAX_RUN_ROWS);
        var firstRows = new int[where.rowCount() + 1];
        var runs = 0;
        for (var row = 0; row < where.rowCount(); row++) {
            if (row == 0 || row - firstRows[runs - 1] == runRows || where.tables()[row] != where.tables()[row - 1]) {
                firstRows[runs++] = row;
            }
        }
        firstRows[runs] = where.rowCount();
        return new AttentionParts(Arrays.copyOf(firstRows, runs + 1), kvHeads);
    }

    int count() {
        return (firstRows.length - 1) * kvHeads;
    }

    /** A part of the step that was cut. */
    AttentionPart part(int index, Tensor out, Tensor q, KvLayer kv, PagedRows where) {
        return new AttentionPart(out, q, kv, where, index % kvHeads, rowFrom(index), rowTo(index));
    }

    int rowFrom(int part) {
        return firstRows[part / kvHeads];
    }

    int rowTo(int part) {
        return firstRows[part / kvHeads + 1];
    }
}
