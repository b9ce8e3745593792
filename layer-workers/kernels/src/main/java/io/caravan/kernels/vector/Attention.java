package io.caravan.kernels.vector;

import static io.caravan.kernels.vector.Memory.LANES;

import io.caravan.kernels.AttentionPart;
import io.caravan.kernels.KvLayer;
import io.caravan.kernels.PagedRows;
import io.caravan.kernels.Tensor;
import io.caravan.kernels.scalar.Exp;
import java.util.Arrays;

/**
 * Attention over the paged cache with an online softmax (Milakov and Gimelshein 2018). The blocks of a sequence are
 * visited in its order; each visit turns a block's scores into weights relative to the highest score so far and scales
 * down what was summed before, if the highest rose. So a head's result follows from its own row and blocks alone, wherever
 * the blocks lie and whichever rows share the visit. A block's keys and values are widened to floats once for all rows and
 * query heads of a part.
 */
final class Attention {
    /** Tokens whose scores are computed together. */
    private static final int TOKEN_STEP = 4;

    private final Tensor out;
    private final Tensor q;
    private final KvLayer kv;
    private final PagedRows where;
    private final int kvHead;
    private final int rowFrom;
    private final int rowCount;

    /** Query heads that share the KV head. */
    private final int groupHeads;

    private final int headDim;

    /** [blockTokens up to a multiple of 4, headDim] */
    private final float[] keys;

    /** [blockTokens, headDim] */
    private final float[] values;

    /** [rows, groupHeads, headDim] */
    private final float[] queries;

    /** [rows, groupHeads, headDim], and 4 vectors of partial sums behind them. */
    private final float[] results;

    private final int sumsAt;

    /** [blockTokens up to a multiple of 4 and to a whole vector], and the states [rows, groupHeads, 2] behind it. */
    private final float[] scores;

    private final int statesAt;

    Attention(Scratch scratch, AttentionPart part) {
        this.out = part.out();
        this.q = part.q();
        this.kv = part.kv();
        this.where = part.where();
        this.kvHead = part.kvHead();
        this.rowFrom = part.rowFrom();
        this.rowCount = part.rows();
        this.headDim = kv.headDim();
        this.groupHeads = part.groupHeads();
        var paddedTokens = Math.ceilDiv(kv.blockTokens(), TOKEN_STEP) * TOKEN_STEP;
        var resultCount = rowCount * groupHeads * headDim;
        var excess = kv.width() - headDim;
        this.keys = scratch.panel(paddedTokens * headDim + excess);
        this.values = scratch.values(kv.blockTokens() * headDim + excess);
        this.queries = scratch.x(resultCount);
        this.results = scratch.sums(resultCount + TOKEN_STEP * LANES);
        this.sumsAt = resultCount;
        this.statesAt = paddedTokens + LANES;
        this.scores = scratch.scores(statesAt + rowCount * groupHeads * 2);
    }

    /** Computes the rows, which share a block table. */
    void compute() {
        var longest = begin();
        var table = where.tables()[rowFrom];
        for (var start = firstBlockStart(); start <= longest; start += kv.blockTokens()) {
            var tokens = Math.min(kv.blockTokens(), longest + 1 - start);
            widen(kv.keys(), table[start / kv.blockTokens()], tokens, keys);
            widen(kv.values(), table[start / kv.blockTokens()], tokens, values);
            for (var row = 0; row < rowCount; row++) {
                var position = where.positions()[rowFrom + row];
                var count = Math.min(tokens, position + 1 - start);
                var hidden = kv.rule().firstVisible(position) - start;
                for (var head = row * groupHeads;
                        count > hidden && count > 0 && head < (row + 1) * groupHeads;
                        head++) {
                    visit(head, hidden, count);
                }
            }
        }
        end();
    }

    /** Where the first block begins that a row sees. */
    private int firstBlockStart() {
        var first = Integer.MAX_VALUE;
        for (var row = rowFrom; row < rowFrom + rowCount; row++) {
            first = Math.min(first, kv.rule().firstVisible(where.positions()[row]));
        }
        return first - first % kv.blockTokens();
    }

    /** Copies the queries and clears results and states; returns the highest position of the rows. */
    private int begin() {
        var longest = 0;
        var width = groupHeads * headDim;
        for (var row = 0; row < rowCount; row++) {
            longest = Math.max(longest, where.positions()[rowFrom + row]);
            Memory.copy(q.data().address() + first(row), queries, row * width, width);
        }
        Arrays.fill(results, 0, rowCount * width, 0);
        for (var head = 0; head < rowCount * groupHeads; head++) {
            scores[statesAt + 2 * head] = Float.NEGATIVE_INFINITY;
            scores[statesAt + 2 * head + 1] = 0;
        }
        return longest;
    }

    /** Divides each result by its sum of weights and writes it out. */
    private void end() {
        for (var head = 0; head < rowCount * groupHeads; head++) {
            var weightSum = scores[statesAt + 2 * head + 1];
            for (var i = head * headDim; i < (head + 1) * headDim; i++) {
                results[i] /= weightSum;
            }
        }
        var width = groupHeads * headDim;
        for (var row = 0; row < rowCount; row++) {
            Memory.copy(results, row * width, out.data().address() + first(row), width);
        }
    }

    /** Bytes from the start of q and out to a row's first query head of the group. */
    private long first(int row) {
        return ((rowFrom + row) * q.columns() + (long) kvHead * groupHeads * headDim) * Float.BYTES;
    }

    private void widen(Tensor cache, int block, int tokens, float[] target) {
        var type = cache.type();
        var width = kv.width();
        var first = cache.data().address() + type.bytes(kv.row(block, kvHead, 0) * width);
        if (width == headDim) {
            Convert.toFloats(type, first, target, 0, tokens * headDim);
        } else {
            for (var token = 0; token < tokens; token++) { // what is beyond a head is overwritten by the next token
                Convert.toFloats(type, first + token * type.bytes(width), target, token * headDim, width);
            }
        }
    }

    /** One query head meets the first {@code count} tokens of a block but for those before its window. */
    private void visit(int head, int hidden, int count) {
        var state = statesAt + 2 * head;
        var newHighest = Math.max(scores[state], score(head * headDim, hidden, count));
        var shrink = Exp.of(scores[state] - newHighest);
        scores[state] = newHighest;
        scores[state + 1] = Math.fma(scores[state + 1], shrink, weigh(newHighest, count));
        WeightedSum.add(results, head * headDim, shrink, scores, values, count, headDim);
    }

    /**
     * Writes the scores of {@code count} keys, -infinity for the first {@code hidden} of them and up to the end of the last
     * vector; returns the highest.
     */
    private float score(int query, int hidden, int count) {
        var whole = headDim - headDim % LANES;
        var scale = (float) kv.rule().scale();
        var highest = Float.NEGATIVE_INFINITY;
        for (var token = 0; token < count; token += TOKEN_STEP) {
            Arrays.fill(results, sumsAt, sumsAt + TOKEN_STEP * LANES, 0);
            Dots.oneByFour(queries, query, keys, token * headDim, headDim, whole, results, sumsAt);
            for (var t = token; t < Math.min(token + TOKEN_STEP, count); t++) {
                var dot = Sums.lanes(results, sumsAt + (t - token) * LANES);
                dot = Sums.tail(dot, queries, query + whole, keys, t * headDim + whole, headDim - whole);
                scores[t] = t < hidden ? Float.NEGATIVE_INFINITY : dot * scale;
                highest = Math.max(highest, scores[t]);
            }
        }
        for (var t = count; t % LANES != 0; t++) {
            scores[t] = Float.NEGATIVE_INFINITY;
        }
        return highest;
    }

    /** Turns scores into weights e^(score - highest) in place; returns their sum. */
    private float weigh(float highest, int count) {
        VectorExp.weigh(scores, highest, count, results, sumsAt);
        return Sums.lanes(results, sumsAt);
    }
}
