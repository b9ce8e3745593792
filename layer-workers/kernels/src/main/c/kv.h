/*
 * How keys and values lie in the paged cache.
 *
 *   keys    [block][kv head][head_dim][block_tokens]: a vector holds one element of the keys of LANES tokens
 *   values  [block][kv head][block_tokens][head_dim]
 *
 * In Q8_0 an element is a signed byte, and head_dim is filled up to whole groups of 32. The half-precision scales of a block's
 * head lie behind its bytes: [group][block_tokens] of keys, [block_tokens][group] of values.
 */
#ifndef CARAVAN_KV_H
#define CARAVAN_KV_H

#include "layout.h"

enum storage { KV_F32, KV_F16, KV_Q8_0 };

INLINE long element_bytes(enum storage storage) { return storage == KV_F32 ? 4 : storage == KV_F16 ? 2 : 1; }

/* elements that a head of a token takes */
INLINE long stored_dim(enum storage storage, long head_dim) {
    return storage == KV_Q8_0 ? round_up(head_dim, BLOCK) : head_dim;
}

/* bytes of the keys, or of the values, of one head of a block */
INLINE long head_bytes(enum storage storage, long block_tokens, long head_dim) {
    long stored = stored_dim(storage, head_dim);
    return block_tokens * (stored * element_bytes(storage) + (storage == KV_Q8_0 ? stored / BLOCK * 2 : 0));
}

/* count elements, at most a vector of them, as floats, zero behind them; without their scales */
INLINE vf element(const uint8_t *p, enum storage storage, long count) {
    uint8_t padded[4 * LANES];
    if (count < LANES) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, p, count * element_bytes(storage));
        p = padded;
    }
    return storage == KV_F32   ? vf_load((const float *)p)
           : storage == KV_F16 ? vf_from_f16((const uint16_t *)p)
                               : vf_from_int(vi_from_s8((const int8_t *)p));
}

#endif
