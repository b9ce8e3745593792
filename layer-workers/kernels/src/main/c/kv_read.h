/*
 * How attention reads the keys and values of one KV head: widened to floats, a tile of tokens at a time, or as they are stored.
 */
#ifndef CARAVAN_KV_READ_H
#define CARAVAN_KV_READ_H

#include "kv.h"

#define KEYS (2 * LANES) /* tokens whose keys are widened at once */
#define VALUES 64        /* tokens whose values are widened at once */
#define SOON 64          /* how many tokens ahead memory is asked for: blocks lie anywhere, and none is long */

typedef struct {
    const uint8_t *keys, *values;
    enum storage storage;
    long block_tokens, kv_heads, head_dim, kv_head;
    long dim; /* head_dim up to whole vectors */
    const int32_t *table;
} cache;

INLINE long head_at(const cache *c, long position) {
    long block = c->table[position / c->block_tokens];
    return (block * c->kv_heads + c->kv_head) * head_bytes(c->storage, c->block_tokens, c->head_dim);
}

/* the keys of count tokens of one block, from the one at offset on, as columns of a tile */
INLINE void widen_keys(float *tile, const uint8_t *head, const cache *c, enum storage storage, long offset, long count) {
    long bytes = element_bytes(storage), step = c->block_tokens * bytes, head_dim = c->head_dim;
    for (long t = 0; t < count; t += LANES) {
        long left = count - t;
        const uint8_t *p = head + (offset + t) * bytes;
        if (storage == KV_Q8_0) {
            const uint8_t *scales = head + stored_dim(storage, head_dim) * step + (offset + t) * 2;
            for (long first = 0; first < head_dim; first += BLOCK, scales += 2 * c->block_tokens) {
                vf scale = element(scales, KV_F16, left);
                long end = first + BLOCK < head_dim ? first + BLOCK : head_dim;
                if (left >= LANES)
                    for (long i = first; i < end; i++)
                        vf_store(tile + i * KEYS + t, vf_mul(scale, element(p + i * step, storage, LANES)));
                else
                    for (long i = first; i < end; i++)
                        vf_store_some(tile + i * KEYS + t, vf_mul(scale, element(p + i * step, storage, left)), left);
            }
        } else if (left >= LANES) {
            for (long i = 0; i < head_dim; i++) vf_store(tile + i * KEYS + t, element(p + i * step, storage, LANES));
        } else {
            for (long i = 0; i < head_dim; i++) vf_store_some(tile + i * KEYS + t, element(p + i * step, storage, left), left);
        }
    }
}

/* the values of count tokens of one block, from the one at offset on, as rows of a tile */
INLINE void widen_values(float *tile, float *scales, const uint8_t *head, const cache *c, enum storage storage, long offset,
                         long count) {
    long head_dim = c->head_dim, stored = stored_dim(storage, head_dim), groups = stored / BLOCK;
    if (storage == KV_Q8_0) {
        const uint8_t *p = head + stored * c->block_tokens + offset * groups * 2;
        for (long i = 0; i < count * groups; i += LANES) vf_store(scales + i, element(p + 2 * i, KV_F16, count * groups - i));
    }
    if (storage != KV_Q8_0 && head_dim == c->dim) {
        const uint8_t *p = head + offset * head_dim * element_bytes(storage);
        for (long i = 0; i < count * head_dim; i += LANES)
            vf_store(tile + i, element(p + i * element_bytes(storage), storage, LANES));
        return;
    }
    if (storage == KV_Q8_0 && head_dim == stored) {
        const uint8_t *p = head + offset * head_dim;
        for (long group = 0; group < count * groups; group++) {
            vf scale = vf_set(scales[group]);
            for (long i = group * BLOCK; i < (group + 1) * BLOCK; i += LANES)
                vf_store(tile + i, vf_mul(scale, element(p + i, storage, LANES)));
        }
        return;
    }
    for (long t = 0; t < count; t++) {
        const uint8_t *p = head + (offset + t) * stored * element_bytes(storage);
        for (long i = 0; i < head_dim; i += LANES) {
            vf x = element(p + i * element_bytes(storage), storage, head_dim - i);
            if (storage == KV_Q8_0) x = vf_mul(vf_set(scales[t * groups + i / BLOCK]), x);
            vf_store(tile + t * c->dim + i, x);
        }
    }
}

/* asks for a share of the keys or values of the block of a position: that of the count tokens from it on */
INLINE void ask(const cache *c, const uint8_t *cached, long position, long count) {
    long bytes = head_bytes(c->storage, c->block_tokens, c->head_dim), offset = position % c->block_tokens;
    const uint8_t *p = cached + head_at(c, position) + bytes * offset / c->block_tokens;
    for (long i = 0; i < bytes * count / c->block_tokens; i += 64) __builtin_prefetch(p + i);
}

/* the keys of positions [from, to), as a tile [head_dim, KEYS] */
static void load_keys(float *tokens, const cache *c, long from, long to) {
    for (long at = from, count; at < to; at += count) {
        long offset = at % c->block_tokens;
        count = to - at < c->block_tokens - offset ? to - at : c->block_tokens - offset;
        const uint8_t *head = c->keys + head_at(c, at);
        float *tile = tokens + at - from;
        switch (c->storage) {
            case KV_F32: widen_keys(tile, head, c, KV_F32, offset, count); break;
            case KV_F16: widen_keys(tile, head, c, KV_F16, offset, count); break;
            case KV_Q8_0: widen_keys(tile, head, c, KV_Q8_0, offset, count); break;
        }
    }
}

/* the values of positions [from, to), as a tile [VALUES, dim]; scales are room for those of the tile */
static void load_values(float *tokens, float *scales, const cache *c, long from, long to) {
    for (long at = from, count; at < to; at += count) {
        long offset = at % c->block_tokens;
        count = to - at < c->block_tokens - offset ? to - at : c->block_tokens - offset;
        const uint8_t *head = c->values + head_at(c, at);
        float *tile = tokens + (at - from) * c->dim;
        switch (c->storage) {
            case KV_F32: widen_values(tile, scales, head, c, KV_F32, offset, count); break;
            case KV_F16: widen_values(tile, scales, head, c, KV_F16, offset, count); break;
            case KV_Q8_0: widen_values(tile, scales, head, c, KV_Q8_0, offset, count); break;
        }
    }
}

/* the elements of two vectors of tokens' keys, as a tile has them or a block */
typedef struct {
    const uint8_t *low, *high;
    long low_soon, high_soon; /* bytes to what is asked for meanwhile */
    long step;                /* bytes from one element of a key to the next */
    enum storage storage;
} columns;

/* the values of VALUES tokens, as a tile has them or some blocks */
typedef struct {
    const uint8_t *runs[VALUES / LANES]; /* of tokens that follow each other */
    long soon[VALUES / LANES];           /* bytes to what is asked for meanwhile */
    long run_tokens, step;               /* bytes from one token to the next */
    enum storage storage;
} lines;

/* where the first element of a position's key or value is stored, the token of a block being so many bytes behind the one before */
INLINE const uint8_t *stored_at(const cache *c, const uint8_t *cached, long position, long token_bytes) {
    return cached + head_at(c, position) + position % c->block_tokens * token_bytes;
}

/* bytes to the same of the position SOON tokens further on, if that comes before the end */
static long soon_at(const cache *c, const uint8_t *cached, long position, long end, long token_bytes) {
    if (position + SOON >= end) return 0;
    return stored_at(c, cached, position + SOON, token_bytes) - stored_at(c, cached, position, token_bytes);
}

/* keys from a position on where they are stored; there may be none of the second vector before the end */
static columns stored_keys(const cache *c, long position, long end) {
    long bytes = element_bytes(c->storage), high = position + LANES < end ? position + LANES : position;
    return (columns){stored_at(c, c->keys, position, bytes), stored_at(c, c->keys, high, bytes),
                     soon_at(c, c->keys, position, end, bytes), soon_at(c, c->keys, high, end, bytes),
                     c->block_tokens * bytes, c->storage};
}

/* values from a position on where they are stored */
static lines stored_values(const cache *c, long position, long end) {
    lines found = {.run_tokens = LANES, .step = c->head_dim * element_bytes(c->storage), .storage = c->storage};
    for (long run = 0, at = position; at < end && run < VALUES / LANES; run++, at += LANES) {
        found.runs[run] = stored_at(c, c->values, at, found.step);
        found.soon[run] = soon_at(c, c->values, at, end, found.step);
    }
    return found;
}

#endif
