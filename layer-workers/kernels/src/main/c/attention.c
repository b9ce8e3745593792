/*
 * Attention of the query heads that share one KV head, for some rows of one sequence, over the paged cache, with an online
 * softmax (Milakov and Gimelshein 2018). Blocks are visited in the sequence's order; what one adds to a row depends on the
 * row and the block alone. A block is widened to floats once for all queries.
 *
 *   keys    [block][kv head][head_dim][block_tokens]: a vector holds one element of the keys of LANES tokens
 *   values  [block][kv head][block_tokens][head_dim]
 */
#include "exp.h"
#include "layout.h"

#define QUERIES 4

typedef struct {
    float *keys;      /* [head_dim, tokens] */
    float *values;    /* [block_tokens, dim] */
    float *queries;   /* [queries, head_dim], scaled */
    float *sums;      /* [queries, dim] of weighted values */
    float *weights;   /* [QUERIES, tokens] of the current block */
    float *totals;    /* [queries, LANES] of weights */
    float *most;      /* [queries] highest scores so far */
} scratch;

static long floats_of(long block_tokens, long head_dim, long queries, scratch *s, float *memory) {
    long tokens = round_up(block_tokens, LANES), dim = round_up(head_dim, LANES);
    float *p = memory;
    scratch parts;
    parts.keys = p, p += head_dim * tokens;
    parts.values = p, p += block_tokens * dim;
    parts.queries = p, p += queries * dim;
    parts.sums = p, p += queries * dim;
    parts.weights = p, p += QUERIES * tokens;
    parts.totals = p, p += queries * LANES;
    parts.most = p, p += queries;
    if (s) *s = parts;
    return p - memory;
}

/* bytes of scratch memory that a call with so many queries (rows times heads) needs */
long KERNEL(attention_bytes)(long block_tokens, long head_dim, long queries) {
    return floats_of(block_tokens, head_dim, queries, 0, (float *)0) * (long)sizeof(float);
}

/* rows of count elements, F16 or F32, to rows of width floats, zero behind their end */
static void widen(float *out, const uint8_t *in, long rows, long count, long width, long f16) {
    for (long row = 0; row < rows; row++, out += width) {
        const uint8_t *p = in + row * count * (f16 ? 2 : 4);
        if (!f16) {
            memcpy(out, p, count * 4);
            memset(out + count, 0, (width - count) * 4);
            continue;
        }
        for (long i = 0; i < count; i += LANES) {
            uint16_t lanes[LANES] = {0};
            const uint16_t *half = (const uint16_t *)p + i;
            if (count - i < LANES) memcpy(lanes, half, (count - i) * 2), half = lanes;
            vf_store(out + i, vf_from_f16(half));
        }
    }
}

/* scores of count queries, at most QUERIES, with all tokens of the block */
INLINE void score(const scratch *s, long first, int count, long head_dim, long dim, long tokens) {
    for (long t = 0; t < tokens; t += 2 * LANES) {
        int vectors = tokens - t > LANES ? 2 : 1;
        vf sum[QUERIES][2];
        for (int q = 0; q < QUERIES; q++) sum[q][0] = sum[q][1] = vf_zero();
        if (vectors == 2) {
            for (long i = 0; i < head_dim; i++) {
                vf k0 = vf_load(s->keys + i * tokens + t), k1 = vf_load(s->keys + i * tokens + t + LANES);
                for (int q = 0; q < count; q++) {
                    vf x = vf_set(s->queries[(first + q) * dim + i]);
                    sum[q][0] = vf_fma(k0, x, sum[q][0]);
                    sum[q][1] = vf_fma(k1, x, sum[q][1]);
                }
            }
        } else {
            for (long i = 0; i < head_dim; i++) {
                vf k0 = vf_load(s->keys + i * tokens + t);
                for (int q = 0; q < count; q++)
                    sum[q][0] = vf_fma(k0, vf_set(s->queries[(first + q) * dim + i]), sum[q][0]);
            }
        }
        for (int q = 0; q < count; q++)
            for (int v = 0; v < vectors; v++) vf_store(s->weights + q * tokens + t + v * LANES, sum[q][v]);
    }
}

/*
 * turns the scores of tokens [from, to) of a block into weights relative to the highest score so far; returns by what
 * earlier sums shrink
 */
INLINE float weigh(const scratch *s, long query, float *weights, long from, long to, long tokens) {
    vf least = vf_set(-__builtin_inff()), block = least;
    for (long t = 0; t < tokens; t += LANES) {
        vf scores = vf_first((int)(to - t), vf_load(weights + t), least);
        if (from > t) scores = vf_first((int)(from - t), least, scores);
        vf_store(weights + t, scores);
        block = vf_max(block, scores);
    }
    float before = s->most[query], most = vf_most(block);
    most = most > before ? most : before;
    s->most[query] = most;
    float shrink = 0;
    if (before > -__builtin_inff()) {
        float lanes[LANES];
        vf_store(lanes, vf_exp(vf_set(before - most)));
        shrink = lanes[0];
    }
    vf total = vf_mul(vf_load(s->totals + query * LANES), vf_set(shrink));
    for (long t = 0; t < tokens; t += LANES) {
        vf weight = vf_exp(vf_sub(vf_load(weights + t), vf_set(most)));
        weight = vf_first((int)(to - t), weight, vf_zero());
        if (from > t) weight = vf_first((int)(from - t), vf_zero(), weight);
        vf_store(weights + t, weight);
        total = vf_add(total, weight);
    }
    vf_store(s->totals + query * LANES, total);
    return shrink;
}

/* adds the weighted values of count queries, at most QUERIES, to their sums */
INLINE void gather(const scratch *s, long first, int count, const float *shrink, long to, long dim, long tokens) {
    for (long i = 0; i < dim; i += 2 * LANES) {
        int vectors = dim - i > LANES ? 2 : 1;
        vf sum[QUERIES][2];
        for (int q = 0; q < count; q++)
            for (int v = 0; v < vectors; v++)
                sum[q][v] = vf_mul(vf_load(s->sums + (first + q) * dim + i + v * LANES), vf_set(shrink[q]));
        if (vectors == 2) {
            for (long t = 0; t < to; t++) {
                vf v0 = vf_load(s->values + t * dim + i), v1 = vf_load(s->values + t * dim + i + LANES);
                for (int q = 0; q < count; q++) {
                    vf weight = vf_set(s->weights[q * tokens + t]);
                    sum[q][0] = vf_fma(v0, weight, sum[q][0]);
                    sum[q][1] = vf_fma(v1, weight, sum[q][1]);
                }
            }
        } else {
            for (long t = 0; t < to; t++) {
                vf v0 = vf_load(s->values + t * dim + i);
                for (int q = 0; q < count; q++) sum[q][0] = vf_fma(v0, vf_set(s->weights[q * tokens + t]), sum[q][0]);
            }
        }
        for (int q = 0; q < count; q++)
            for (int v = 0; v < vectors; v++) vf_store(s->sums + (first + q) * dim + i + v * LANES, sum[q][v]);
    }
}

INLINE void visit(const scratch *s, long row_first, int count, long from, long to, long head_dim, long dim,
                  long tokens) {
    float shrink[QUERIES];
    score(s, row_first, count, head_dim, dim, tokens);
    for (int q = 0; q < count; q++) shrink[q] = weigh(s, row_first + q, s->weights + q * tokens, from, to, tokens);
    gather(s, row_first, count, shrink, to, dim, tokens);
}

/*
 * out = attention of rows [from, to) of q [rows, width] for the group of query heads that reads kv_head
 *   table, positions  block ids of the sequence that all these rows belong to; [rows] positions
 *   window            how many positions up to its own a row sees
 */
void KERNEL(attention)(float *out, const float *q, long width, const uint8_t *keys, const uint8_t *values, long f16,
                       long block_tokens, long kv_heads, long head_dim, long kv_head, const int32_t *table,
                       const int32_t *positions, long from, long to, float scale, long window, float *memory) {
    long heads = width / (kv_heads * head_dim), rows = to - from, element = f16 ? 2 : 4;
    long tokens = round_up(block_tokens, LANES), dim = round_up(head_dim, LANES);
    scratch s;
    floats_of(block_tokens, head_dim, rows * heads, &s, memory);
    long last = 0, lowest = positions[from];
    for (long row = 0; row < rows; row++) {
        long position = positions[from + row];
        last = position > last ? position : last;
        lowest = position < lowest ? position : lowest;
        for (long head = 0; head < heads; head++) {
            const float *in = q + (from + row) * width + (kv_head * heads + head) * head_dim;
            long query = row * heads + head;
            for (long i = 0; i < head_dim; i++) s.queries[query * dim + i] = in[i] * scale;
            memset(s.sums + query * dim, 0, dim * sizeof(float));
            memset(s.totals + query * LANES, 0, LANES * sizeof(float));
            s.most[query] = -__builtin_inff();
        }
    }
    long begin = lowest - window + 1 > 0 ? (lowest - window + 1) / block_tokens : 0;
    for (long block = begin; block <= last / block_tokens; block++) {
        long at = ((long)table[block] * kv_heads + kv_head) * block_tokens * head_dim * element;
        widen(s.keys, keys + at, head_dim, block_tokens, tokens, f16);
        widen(s.values, values + at, block_tokens, head_dim, dim, f16);
        for (long row = 0; row < rows; row++) {
            long position = positions[from + row], start = block * block_tokens;
            long first = position - window + 1 - start, end = position + 1 - start;
            first = first > 0 ? first : 0;
            end = end < block_tokens ? end : block_tokens;
            if (first >= end) continue;
            long query = row * heads, stop = query + heads;
            for (; query + 4 <= stop; query += 4) visit(&s, query, 4, first, end, head_dim, dim, tokens);
            for (; query < stop; query++) visit(&s, query, 1, first, end, head_dim, dim, tokens);
        }
    }
    for (long query = 0; query < rows * heads; query++) {
        float total = vf_sum(vf_load(s.totals + query * LANES));
        float *target = out + (from + query / heads) * width + (kv_head * heads + query % heads) * head_dim;
        for (long i = 0; i < head_dim; i++) target[i] = s.sums[query * dim + i] / total;
    }
}

/* stores the keys and values of rows [from, to), [rows, kv_heads * head_dim], where attention reads them */
void KERNEL(store_kv)(uint8_t *keys, uint8_t *values, const float *key, const float *value, long f16, long block_tokens,
                      long kv_heads, long head_dim, const int32_t *blocks, const int32_t *offsets, long from, long to) {
    for (long row = from; row < to; row++) {
        for (long head = 0; head < kv_heads; head++) {
            long base = ((long)blocks[row] * kv_heads + head) * block_tokens * head_dim;
            const float *k = key + (row * kv_heads + head) * head_dim, *v = value + (row * kv_heads + head) * head_dim;
            for (long i = 0; i < head_dim; i += LANES) {
                float wide[2][LANES] = {{0}};
                uint16_t narrow[2][LANES];
                long count = head_dim - i < LANES ? head_dim - i : LANES;
                memcpy(wide[0], k + i, count * 4);
                memcpy(wide[1], v + i, count * 4);
                vf_to_f16(narrow[0], vf_load(wide[0]));
                vf_to_f16(narrow[1], vf_load(wide[1]));
                for (long j = 0; j < count; j++) {
                    long key_at = base + (i + j) * block_tokens + offsets[row];
                    long value_at = base + offsets[row] * head_dim + i + j;
                    if (f16) {
                        memcpy(keys + key_at * 2, &narrow[0][j], 2);
                        memcpy(values + value_at * 2, &narrow[1][j], 2);
                    } else {
                        memcpy(keys + key_at * 4, &wide[0][j], 4);
                        memcpy(values + value_at * 4, &wide[1][j], 4);
                    }
                }
            }
        }
    }
}
