/*
 * Attention of the query heads that share one KV head, for some rows of one sequence, over the paged cache.
 *
 * A context is cut into segments of a fixed number of positions. In a segment a query's scores become weights relative to
 * the segment's highest, and the segments are merged in their order with the highest so far as the measure (the online softmax
 * of Milakov and Gimelshein 2018; merged as in Flash-Decoding, Dao et al. 2023). So a query's result follows from its own row and
 * what it sees alone, and segments may be computed apart from each other, on several threads.
 *
 * Within a segment, keys and values are widened to floats tile by tile, once for all queries. For few queries a tile costs more
 * than it saves: halves are widened as they are used.
 */
#include "attention.h"
#include "exp.h"
#include "kv_read.h"

#define SEGMENT 256           /* positions */
#define QUERIES 4             /* that are computed at once */
#define FEW (2 * QUERIES)     /* queries that take halves as they are stored */
#define STRIDE (SEGMENT + 16) /* floats from one query's weights to the next: not a power of two, which would crowd the cache */

/* queries that see the same positions [from, to) of a segment, counted from its begin */
typedef struct {
    int32_t query, count, from, to;
} unit;

typedef struct {
    float *keys;    /* [head_dim, KEYS] */
    float *values;  /* [VALUES, dim] */
    float *scales;  /* [VALUES, groups up to whole vectors] */
    float *queries; /* [queries, dim], scaled */
    float *weights; /* [queries, STRIDE] */
    float *sums;    /* [queries, dim] of a segment's weighted values */
    float *most;    /* [queries] a segment's highest score */
    float *total;   /* [queries] sum of a segment's weights */
    float *all_sums, *all_most, *all_total; /* of the segments so far */
    unit *units;    /* [queries] */
} scratch;

static long floats_of(long head_dim, long queries, scratch *s, float *memory) {
    long dim = round_up(head_dim, LANES);
    float *p = memory;
    scratch parts;
    parts.keys = p, p += head_dim * KEYS;
    parts.values = p, p += VALUES * dim;
    parts.scales = p, p += VALUES * round_up(head_dim, BLOCK) / BLOCK + LANES;
    p = memory + round_up(p - memory, 16);
    parts.queries = p, p += queries * dim;
    parts.weights = p, p += queries * STRIDE;
    parts.sums = p, p += queries * dim;
    parts.all_sums = p, p += queries * dim;
    parts.most = p, p += queries;
    parts.total = p, p += queries;
    parts.all_most = p, p += queries;
    parts.all_total = p, p += queries;
    parts.units = (unit *)p, p += queries * (sizeof(unit) / sizeof(float));
    if (s) *s = parts;
    return p - memory;
}

/* bytes of scratch memory that a call with so many queries (rows times heads) needs */
long KERNEL(attention_bytes)(long head_dim, long queries) {
    return floats_of(head_dim, queries, 0, (float *)0) * (long)sizeof(float);
}

/* scores of count queries with tokens, the first of which is t of the segment */
INLINE void score(const scratch *s, const cache *c, long query, int count, long t, const columns *keys, enum storage storage) {
    vf sum[QUERIES][2];
    const float *x = s->queries + query * c->dim;
    const uint8_t *low = keys->low, *high = keys->high;
    long low_soon = keys->low_soon, high_soon = keys->high_soon;
    for (int q = 0; q < count; q++) sum[q][0] = sum[q][1] = vf_zero();
    for (long i = 0; i < c->head_dim; i++, low += keys->step, high += keys->step) {
        if (storage == KV_F16 && i % 2 == 0) __builtin_prefetch(low + low_soon), __builtin_prefetch(high + high_soon);
        vf k0 = element(low, storage, LANES), k1 = element(high, storage, LANES);
        for (int q = 0; q < count; q++) {
            vf xi = vf_set(x[q * c->dim + i]);
            sum[q][0] = vf_fma(k0, xi, sum[q][0]);
            sum[q][1] = vf_fma(k1, xi, sum[q][1]);
        }
    }
    for (int q = 0; q < count; q++) {
        vf_store(s->weights + (query + q) * STRIDE + t, sum[q][0]);
        vf_store(s->weights + (query + q) * STRIDE + t + LANES, sum[q][1]);
    }
}

static void score_unit(const scratch *s, const cache *c, const unit *u, long t, const columns *keys) {
    if (keys->storage == KV_F16 && u->count == QUERIES) score(s, c, u->query, QUERIES, t, keys, KV_F16);
    else if (keys->storage == KV_F16) for (int q = 0; q < u->count; q++) score(s, c, u->query + q, 1, t, keys, KV_F16);
    else if (u->count == QUERIES) score(s, c, u->query, QUERIES, t, keys, KV_F32);
    else for (int q = 0; q < u->count; q++) score(s, c, u->query + q, 1, t, keys, KV_F32);
}

/* turns the scores of positions [from, to) into weights relative to the highest of them */
static void weigh(const scratch *s, long query, long from, long to) {
    float *weights = s->weights + query * STRIDE;
    long first = from / LANES * LANES, last = (to - 1) / LANES * LANES;
    vf least = vf_set(-__builtin_inff()), high = least;
    vf_store(weights + last, vf_first((int)(to - last), vf_load(weights + last), least));
    vf_store(weights + first, vf_first((int)(from - first), least, vf_load(weights + first)));
    for (long t = first; t <= last; t += LANES) high = vf_max(high, vf_load(weights + t));
    float most = vf_most(high);
    vf total = vf_zero();
    for (long t = first; t <= last; t += LANES) {
        vf weight = vf_exp(vf_sub(vf_load(weights + t), vf_set(most)));
        if (t == last) weight = vf_first((int)(to - t), weight, vf_zero());
        if (t == first) weight = vf_first((int)(from - t), vf_zero(), weight);
        vf_store(weights + t, weight);
        total = vf_add(total, weight);
    }
    s->most[query] = most;
    s->total[query] = vf_sum(total);
}

/* adds to the sums of count queries the values of the tokens [from, to), times weights: those of the segment from t on */
INLINE void gather(const scratch *s, const cache *c, long query, int count, long t, long from, long to, const lines *values,
                   enum storage storage, int vectors, long i) {
    const float *weights = s->weights + query * STRIDE + t;
    float *sums = s->sums + query * c->dim + i;
    long bytes = element_bytes(storage), step = values->step;
    vf sum[QUERIES][2];
    for (int q = 0; q < count; q++)
        for (int v = 0; v < vectors; v++) sum[q][v] = vf_load(sums + q * c->dim + v * LANES);
    for (long at = from, end; at < to; at = end) {
        long run = at / values->run_tokens, first = run * values->run_tokens, soon = values->soon[run];
        end = first + values->run_tokens < to ? first + values->run_tokens : to;
        const uint8_t *p = values->runs[run] + (at - first) * step + i * bytes;
        for (long token = at; token < end; token++, p += step) {
            if (storage == KV_F16) __builtin_prefetch(p + soon);
            vf value[2];
            for (int v = 0; v < vectors; v++) value[v] = element(p + v * LANES * bytes, storage, LANES);
            for (int q = 0; q < count; q++) {
                vf weight = vf_set(weights[q * STRIDE + token]);
                for (int v = 0; v < vectors; v++) sum[q][v] = vf_fma(value[v], weight, sum[q][v]);
            }
        }
    }
    for (int q = 0; q < count; q++)
        for (int v = 0; v < vectors; v++) vf_store(sums + q * c->dim + v * LANES, sum[q][v]);
}

INLINE void gather_queries(const scratch *s, const cache *c, long query, int count, long t, long from, long to,
                           const lines *values, enum storage storage) {
    long i = 0;
    for (; i + LANES < c->dim; i += 2 * LANES) gather(s, c, query, count, t, from, to, values, storage, 2, i);
    if (i < c->dim) gather(s, c, query, count, t, from, to, values, storage, 1, i);
}

static void gather_unit(const scratch *s, const cache *c, const unit *u, long t, const lines *values) {
    long from = u->from > t ? u->from - t : 0, to = u->to < t + VALUES ? u->to - t : VALUES;
    if (values->storage == KV_F16 && u->count == QUERIES) gather_queries(s, c, u->query, QUERIES, t, from, to, values, KV_F16);
    else if (values->storage == KV_F16)
        for (int q = 0; q < u->count; q++) gather_queries(s, c, u->query + q, 1, t, from, to, values, KV_F16);
    else if (u->count == QUERIES) gather_queries(s, c, u->query, QUERIES, t, from, to, values, KV_F32);
    else
        for (int q = 0; q < u->count; q++) gather_queries(s, c, u->query + q, 1, t, from, to, values, KV_F32);
}

/* the queries that see something of the segment that begins at a position, in units; the others get no weight */
static long units_of(const scratch *s, const int32_t *positions, long rows, long heads, long begin, long window) {
    long units = 0;
    for (long row = 0; row < rows; row++) {
        long from = positions[row] - window + 1 - begin, to = positions[row] + 1 - begin, query = row * heads;
        from = from > 0 ? from : 0;
        to = to < SEGMENT ? to : SEGMENT;
        if (from >= to) {
            for (long head = 0; head < heads; head++) s->most[query + head] = -__builtin_inff(), s->total[query + head] = 0;
            continue;
        }
        for (long left = heads; left > 0;) {
            unit *before = s->units + units - 1;
            if (units > 0 && before->from == from && before->to == to && before->count < QUERIES &&
                before->query + before->count == query) {
                before->count++, query++, left--;
            } else {
                s->units[units++] = (unit){(int32_t)query++, 1, (int32_t)from, (int32_t)to};
                left--;
            }
        }
    }
    return units;
}

/* sums, most and total of what all queries see of the segment that begins at a position */
static void attend(const scratch *s, const cache *c, const int32_t *positions, long rows, long heads, long begin, long window) {
    long units = units_of(s, positions, rows, heads, begin, window), from = SEGMENT, to = 0;
    for (const unit *u = s->units; u < s->units + units; u++) {
        from = u->from < from ? u->from : from;
        to = u->to > to ? u->to : to;
    }
    memset(s->sums, 0, rows * heads * c->dim * sizeof(float));
    int stored = c->storage == KV_F16 && c->dim == c->head_dim && c->block_tokens % LANES == 0 && rows * heads <= FEW;
    columns keys = {(uint8_t *)s->keys, (uint8_t *)(s->keys + LANES), 0, 0, KEYS * sizeof(float), KV_F32};
    for (long t = from / KEYS * KEYS; t < to; t += KEYS) {
        if (stored) keys = stored_keys(c, begin + t, begin + to);
        else load_keys(s->keys, c, begin + t, begin + (t + KEYS < to ? t + KEYS : to));
        if (t + SOON < to && !stored) ask(c, c->keys, begin + t + SOON, KEYS);
        if (t + SOON >= to && from + t + SOON - to < to) ask(c, c->values, begin + from + t + SOON - to, KEYS);
        for (const unit *u = s->units; u < s->units + units; u++)
            if (u->to > t && u->from < t + KEYS) score_unit(s, c, u, t, &keys);
    }
    for (const unit *u = s->units; u < s->units + units; u++)
        for (int q = 0; q < u->count; q++) weigh(s, u->query + q, u->from, u->to);
    lines values = {{(uint8_t *)s->values}, {0}, VALUES, c->dim * sizeof(float), KV_F32};
    for (long t = from / VALUES * VALUES; t < to; t += VALUES) {
        if (stored) values = stored_values(c, begin + t, begin + to);
        else load_values(s->values, s->scales, c, begin + t, begin + (t + VALUES < to ? t + VALUES : to));
        if (t + SOON < to && !stored) ask(c, c->values, begin + t + SOON, VALUES);
        for (const unit *u = s->units; u < s->units + units; u++)
            if (u->to > t && u->from < t + VALUES) gather_unit(s, c, u, t, &values);
    }
}

INLINE float exp_of(float x) {
    float lanes[LANES];
    vf_store(lanes, vf_exp(vf_set(x)));
    return lanes[0];
}

/* adds the next segment of a query to those before it */
INLINE void merge(float *all_sums, float *all_most, float *all_total, const float *sums, float most, float total, long dim) {
    if (most == -__builtin_inff()) return;
    float highest = most > *all_most ? most : *all_most;
    float shrink = *all_most == -__builtin_inff() ? 0 : exp_of(*all_most - highest), share = exp_of(most - highest);
    for (long i = 0; i < dim; i += LANES)
        vf_store(all_sums + i, vf_fma(vf_load(sums + i), vf_set(share), vf_mul(vf_load(all_sums + i), vf_set(shrink))));
    *all_most = highest;
    *all_total = *all_total * shrink + total * share;
}

static long heads_of(const struct attention *a) { return a->width / (a->kv_heads * a->head_dim); }

/* where the result, or the query, of a head of a row lies */
static long head_in_row(const struct attention *a, long query, long heads) {
    return query / heads * a->width + (a->kv_head * heads + query % heads) * a->head_dim;
}

/* takes over the queries */
static void begin(scratch *s, cache *c, const struct attention *a) {
    long heads = heads_of(a), queries = a->rows * heads, dim = round_up(a->head_dim, LANES);
    *c = (cache){a->keys, a->values, a->storage, a->block_tokens, a->kv_heads, a->head_dim, a->kv_head, dim, a->table};
    floats_of(a->head_dim, queries, s, a->memory);
    for (long query = 0; query < queries; query++) {
        const float *in = a->q + head_in_row(a, query, heads);
        for (long i = 0; i < a->head_dim; i++) s->queries[query * dim + i] = in[i] * (float)a->scale;
    }
}

/* writes what was merged of a query, by its sum of weights */
INLINE void finish(float *out, const float *all_sums, float all_total, long head_dim) {
    for (long i = 0; i < head_dim; i++) out[i] = all_sums[i] / all_total;
}

/* attention over all that the rows see */
void KERNEL(attention)(const struct attention *a) {
    cache c;
    scratch s;
    begin(&s, &c, a);
    long heads = heads_of(a), queries = a->rows * heads, last = 0, lowest = a->positions[0];
    for (long row = 0; row < a->rows; row++) {
        last = a->positions[row] > last ? a->positions[row] : last;
        lowest = a->positions[row] < lowest ? a->positions[row] : lowest;
    }
    for (long query = 0; query < queries; query++) s.all_most[query] = -__builtin_inff(), s.all_total[query] = 0;
    memset(s.all_sums, 0, queries * c.dim * sizeof(float));
    long first = lowest - a->window + 1 > 0 ? (lowest - a->window + 1) / SEGMENT : 0;
    for (long segment = first; segment <= last / SEGMENT; segment++) {
        attend(&s, &c, a->positions, a->rows, heads, segment * SEGMENT, a->window);
        for (long query = 0; query < queries; query++)
            merge(s.all_sums + query * c.dim, s.all_most + query, s.all_total + query, s.sums + query * c.dim, s.most[query],
                  s.total[query], c.dim);
    }
    for (long query = 0; query < queries; query++)
        finish(a->out + head_in_row(a, query, heads), s.all_sums + query * c.dim, s.all_total[query], a->head_dim);
}

/* positions of a segment, and bytes of what is kept of one query in one: its sums, its highest score, its sum of weights */
long KERNEL(segment_positions)(void) { return SEGMENT; }
long KERNEL(segment_bytes)(long head_dim) { return (round_up(head_dim, LANES) + 16) * (long)sizeof(float); }

/* attention over one segment alone, into parts [rows * heads] of segment_bytes each; out is not written */
void KERNEL(attend_segment)(const struct attention *a, float *parts, long segment) {
    cache c;
    scratch s;
    begin(&s, &c, a);
    long heads = heads_of(a);
    attend(&s, &c, a->positions, a->rows, heads, segment * SEGMENT, a->window);
    for (long query = 0; query < a->rows * heads; query++, parts += c.dim + 16) {
        memcpy(parts, s.sums + query * c.dim, c.dim * sizeof(float));
        parts[c.dim] = s.most[query];
        parts[c.dim + 1] = s.total[query];
    }
}

/* what attention writes, of what attend_segment made of some segments in their order: [segments][rows * heads] */
void KERNEL(merge_segments)(const struct attention *a, const float *parts, long segments) {
    long heads = heads_of(a), queries = a->rows * heads, dim = round_up(a->head_dim, LANES);
    for (long query = 0; query < queries; query++) {
        float most = -__builtin_inff(), total = 0;
        memset(a->memory, 0, dim * sizeof(float));
        for (long segment = 0; segment < segments; segment++) {
            const float *part = parts + (segment * queries + query) * (dim + 16);
            merge(a->memory, &most, &total, part, part[dim], part[dim + 1], dim);
        }
        finish(a->out + head_in_row(a, query, heads), a->memory, total, a->head_dim);
    }
}
