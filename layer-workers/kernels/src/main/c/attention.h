/* What attention is told. Fields are of 64 bits each, in the order in which Java writes them. */
#ifndef CARAVAN_ATTENTION_H
#define CARAVAN_ATTENTION_H

#include <stdint.h>

struct attention {
    float *out;              /* [rows, width] */
    const float *q;          /* as out */
    const uint8_t *keys, *values;
    const int32_t *table;    /* block ids of the sequence that all rows belong to */
    const int32_t *positions; /* [rows] */
    float *memory;           /* of attention_bytes */
    int64_t rows, width;
    int64_t storage, block_tokens, kv_heads, head_dim;
    int64_t kv_head;         /* whose query heads take part */
    int64_t window;          /* how many positions up to its own a row sees */
    double scale;
};

#endif
