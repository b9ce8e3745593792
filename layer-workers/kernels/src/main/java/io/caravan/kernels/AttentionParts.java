package io.caravan.kernels;

import java.util.Arrays;

/**
 * How attention is cut: a part is one KV head and a run of rows that share a block table, so that what it reads of the
 * cache serves several rows and all query heads of the KV head.
 *
 * @param firstRows first row of each run, and the row count at the end
 */
record AttentionParts(int[] firstRows, int kvHeads) {

    /** Most rows of a run. */
    private static final int MAX_RUN_ROWS = 16;

    /** Cuts runs of about {@code partWork} multiply-adds over all heads together. */
    static AttentionParts cut(PagedRows where, KvLayer kv, long queryWidth, long partWork) {
        var kvHeads = kv.kvHeads();
        var firstRows = new int[where.rowCount() + 1];
        var runs = 0;
        var work = 0L;
        for (var row = 0; row < where.rowCount(); row++) {
            var full = row > 0 && (work >= partWork * kvHeads || row - firstRows[runs - 1] == MAX_RUN_ROWS);
            if (row == 0 || full || where.tables()[row] != where.tables()[row - 1]) {
                firstRows[runs++] = row;
                work = 0;
            }
            var position = where.positions()[row];
            work += queryWidth * 2 * (position + 1L - kv.rule().firstVisible(position));
        }
        firstRows[runs] = where.rowCount();
        return new AttentionParts(Arrays.copyOf(firstRows, runs + 1), kvHeads);
    }

    int count() {
        return (firstRows.length - 1) * kvHeads;
    }

    int kvHead(int part) {
        return part % kvHeads;
    }

    int rowFrom(int part) {
        return firstRows[part / kvHeads];
    }

    int rowTo(int part) {
        return firstRows[part / kvHeads + 1];
    }
}
