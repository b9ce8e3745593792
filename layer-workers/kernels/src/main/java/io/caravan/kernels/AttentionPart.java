package io.caravan.kernels;

/**
 * Attention of the query heads that read one KV head, for a run of rows that share a block table: what one thread computes alone.
 *
 * @param out [rows of the step, heads * headDim]
 * @param q as out
 * @param where all rows of the step
 * @param kvHead the KV head
 * @param rowFrom the first row of the run
 * @param rowTo the row after its last
 */
public record AttentionPart(Tensor out, Tensor q, KvLayer kv, PagedRows where, int kvHead, int rowFrom, int rowTo) {

    public int rows() {
        return rowTo - rowFrom;
    }

    /** Query heads that read a KV head. */
    public int groupHeads() {
        return Math.toIntExact(q.columns() / ((long) kv.kvHeads() * kv.headDim()));
    }

    /** The block table of the rows. */
    public int[] table() {
        return where.tables()[rowFrom];
    }
}
