/* Stores keys and values where attention reads them; kv.h says how they lie. */
#include "kv.h"

INLINE void put(uint8_t *to, const float *x, long count, long step, enum storage storage) {
    for (long i = 0; i < count; i += LANES) {
        float wide[LANES] = {0};
        uint16_t narrow[LANES];
        long lanes = count - i < LANES ? count - i : LANES;
        memcpy(wide, x + i, lanes * 4);
        vf_to_f16(narrow, vf_load(wide));
        for (long j = 0; j < lanes; j++)
            if (storage == KV_F16) memcpy(to + (i + j) * step * 2, &narrow[j], 2);
            else memcpy(to + (i + j) * step * 4, &wide[j], 4);
    }
}

/* Q8_0: the scale makes the largest magnitude 127, halves are rounded away from zero; a group with a NaN has it as its scale */
INLINE void put_q8_0(uint8_t *to, uint8_t *scales, const float *x, long count, long step, long scale_step) {
    for (long first = 0; first < count; first += BLOCK) {
        float group[BLOCK] = {0};
        memcpy(group, x + first, (count - first < BLOCK ? count - first : BLOCK) * sizeof(float));
        int32_t bits[BLOCK], most = 0;
        memcpy(bits, group, sizeof bits);
        for (int i = 0; i < BLOCK; i++) most = (bits[i] & 0x7fffffff) > most ? bits[i] & 0x7fffffff : most;
        float scale[LANES] = {0};
        uint16_t half[LANES];
        memcpy(scale, &most, 4);
        scale[0] /= 127.0f;
        float inverse = scale[0] == 0 ? 0 : 1.0f / scale[0];
        vf_to_f16(half, vf_load(scale));
        memcpy(scales + first / BLOCK * scale_step * 2, half, 2);
        for (int i = 0; i < BLOCK; i++) {
            float value = group[i] * inverse, size = value < 0 ? -value : value;
            size = size <= 127.5f ? size : 0; /* of numbers so small that their scale is none, and of those that are none */
            int whole = (int)size;
            whole += size - (float)whole >= 0.5f;
            to[(first + i) * step] = (uint8_t)(value < 0 ? -whole : whole);
        }
    }
}

/* the keys and values of rows [from, to), [rows, kv_heads * head_dim] */
void KERNEL(store_kv)(uint8_t *keys, uint8_t *values, const float *key, const float *value, long storage,
                      long block_tokens, long kv_heads, long head_dim, const int32_t *blocks, const int32_t *offsets,
                      long from, long to) {
    long stored = stored_dim(storage, head_dim), groups = stored / BLOCK, bytes = element_bytes(storage);
    for (long row = from; row < to; row++) {
        for (long head = 0; head < kv_heads; head++) {
            const float *k = key + (row * kv_heads + head) * head_dim, *v = value + (row * kv_heads + head) * head_dim;
            long base = ((long)blocks[row] * kv_heads + head) * head_bytes(storage, block_tokens, head_dim);
            long offset = offsets[row], scales = base + stored * block_tokens;
            uint8_t *key_at = keys + base + offset * bytes, *value_at = values + base + offset * stored * bytes;
            if (storage == KV_F32) {
                put(key_at, k, head_dim, block_tokens, KV_F32);
                put(value_at, v, head_dim, 1, KV_F32);
            } else if (storage == KV_F16) {
                put(key_at, k, head_dim, block_tokens, KV_F16);
                put(value_at, v, head_dim, 1, KV_F16);
            } else {
                put_q8_0(key_at, keys + scales + offset * 2, k, head_dim, block_tokens, block_tokens);
                put_q8_0(value_at, values + scales + offset * groups * 2, v, head_dim, 1, 1);
            }
        }
    }
}
