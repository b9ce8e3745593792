/*
 * Quantised weights times quantised activations in tile registers. A tile takes the products of a block of 32 columns of 16 rows with
 * a group of weights, exactly, as integers; blocks are scaled and added to a row's sum in their order, as dot_int8.c does
 * it, so that a row has the same bits there and here.
 *
 * Four things go on at once: a block of four-bit weights is brought into bytes some blocks before its turn, because tiles are
 * not loaded from stores that are still under way; a tile multiplies; the one before it is stored; and what was stored is added.
 * Eight-bit weights are stored as tiles read them.
 */
#include "amx.h"

#if TILES
#define AHEAD_BLOCKS 2
#define SLOTS 4
/* bytes of weights that are asked for ahead, into the cache that tiles do not compete for */
#define WEIGHTS_AHEAD 8192
#define TILE_BLOCK_BYTES (TILE_PANEL * ROW_TILE_BLOCK_BYTES)
#define UNROLLED _Pragma("GCC unroll 16")

/* some blocks of a group of weights, as tiles read them */
typedef struct {
    int8_t bytes[SLOTS][BLOCK * LANES]; /* [8 quads of columns][row][4] */
    vf scale[SLOTS], min[SLOTS];
    int32_t sums[SLOTS][TILE_PANEL * LANES];
} blocks;

INLINE void ask(const uint8_t *w, long count) {
    for (long i = 0; i < count; i += 64) __builtin_prefetch(w + WEIGHTS_AHEAD + i, 0, 2);
}

/* four-bit numbers less centre */
INLINE void halves_of(int8_t *bytes, const uint8_t *w, int centre, int from_memory) {
    vi low = vi_set(0x0f0f0f0f), less = vi_set(centre * 0x01010101);
    if (from_memory) ask(w, BLOCK / 2 * LANES);
    UNROLLED
    for (int j = 0; j < 4; j++) {
        vi pair = vi_load(w + j * LANES * 4);
        vi_store(bytes + j * LANES * 4, vi_sub8(vi_and(pair, low), less));
        vi_store(bytes + (4 + j) * LANES * 4, vi_sub8(vi_and(vi_shr16(pair, 4), low), less));
    }
}

/* block b's scales into its slot, and its numbers, but where they are stored as tiles read them */
INLINE void take(enum kind kind, blocks *at, const uint8_t *w, long b, int from_memory) {
    int slot = b % SLOTS;
    int8_t *bytes = at->bytes[slot];
    if (kind == KIND_BYTES) {
        w += b * (8 + BLOCK) * LANES;
        at->scale[slot] = vf_load((const float *)w), at->min[slot] = vf_load((const float *)w + LANES);
        if (from_memory) ask(w + 8 * LANES, BLOCK * LANES);
    } else if (kind == KIND_Q4_K) {
        long i = b % (SUPER / BLOCK);
        w += b / (SUPER / BLOCK) * (20 + SUPER / 2) * LANES;
        vf d = vf_from_f16((const uint16_t *)w), dmin = vf_from_f16((const uint16_t *)w + LANES);
        at->scale[slot] = vf_mul(d, vf_from_int(vi_from_u8(w + (4 + i) * LANES)));
        at->min[slot] = vf_mul(dmin, vf_from_int(vi_from_u8(w + (12 + i) * LANES)));
        halves_of(bytes, w + (20 + i * (BLOCK / 2)) * LANES, 0, from_memory);
    } else {
        long numbers = (kind == KIND_Q8_0 ? BLOCK : BLOCK / 2) * LANES, half = b & 1;
        w += b / 2 * (4 * LANES + 2 * numbers);
        at->scale[slot] = vf_from_f16((const uint16_t *)w + half * LANES);
        if (kind != KIND_Q8_0) halves_of(bytes, w + 4 * LANES + half * numbers, 8, from_memory);
        else if (from_memory) ask(w + 4 * LANES + half * numbers, numbers);
    }
}

/* where tiles read the numbers of block b */
INLINE const void *numbers_of(enum kind kind, const blocks *at, const uint8_t *w, long b) {
    if (kind == KIND_BYTES) return w + (b * (8 + BLOCK) + 8) * LANES;
    if (kind == KIND_Q8_0) return w + b / 2 * (4 + 2 * BLOCK) * LANES + (4 + (b & 1) * BLOCK) * LANES;
    return at->bytes[b % SLOTS];
}

/* adds the sums of block b to those of the rows x */
INLINE void add(enum kind kind, vf *acc, const blocks *at, long b, const uint8_t *x) {
    const int32_t *sums = at->sums[b % SLOTS];
    const float *scales = (const float *)(x + b * TILE_BLOCK_BYTES + BLOCK * TILE_PANEL);
    vf scale = at->scale[b % SLOTS], min = at->min[b % SLOTS];
    UNROLLED
    for (int t = 0; t < TILE_PANEL; t++) {
        acc[t] = vf_fma(vf_from_int(vi_load(sums + t * LANES)), vf_mul(scale, vf_set(scales[t])), acc[t]);
        if (kind == KIND_BYTES || kind == KIND_Q4_K) acc[t] = vf_fma(min, vf_set(scales[TILE_PANEL + t]), acc[t]);
    }
}

/* begins the products of block b in tile SUM, with tiles of its own for rows and weights */
#define BEGIN(SUM, ROWS, WEIGHTS, b)                                                         \
    do {                                                                                     \
        tile_zero(SUM);                                                                      \
        tile_load(ROWS, x + (b) * TILE_BLOCK_BYTES, BLOCK);                                  \
        tile_load(WEIGHTS, numbers_of(kind, &at, w, b), 64);                                 \
        tile_dot_bytes(SUM, ROWS, WEIGHTS);                                                  \
        if ((b) + AHEAD_BLOCKS < count) take(kind, &at, w, (b) + AHEAD_BLOCKS, from_memory); \
    } while (0)

/* ends those of block b */
#define END(SUM, b)                            \
    do {                                       \
        tile_store(SUM, at.sums[(b) % SLOTS]); \
        add(kind, acc, &at, b, x);             \
    } while (0)

/* out [rows, columns] of one panel of rows and one group of weights, which come from memory or were just read; count is of blocks */
INLINE void product(enum kind kind, const uint8_t *w, const uint8_t *x, float *out, long n, long count, long rows, long columns,
                    int from_memory) {
    blocks at;
    vf acc[TILE_PANEL];
    UNROLLED
    for (int t = 0; t < TILE_PANEL; t++) acc[t] = vf_zero();
    for (long b = 0; b < AHEAD_BLOCKS && b < count; b++) take(kind, &at, w, b, from_memory);
    long b = 0;
    BEGIN(0, 4, 6, 0);
    for (; b + 2 < count; b += 2) {
        BEGIN(1, 5, 7, b + 1);
        END(0, b);
        BEGIN(0, 4, 6, b + 2);
        END(1, b + 1);
    }
    if (b + 1 < count) {
        BEGIN(1, 5, 7, b + 1);
        END(0, b);
        END(1, b + 1);
    } else {
        END(0, b);
    }
    UNROLLED
    for (int t = 0; t < TILE_PANEL; t++)
        if (t < rows) vf_store_some(out + t * n, acc[t], columns);
}

INLINE void multiply(enum kind kind, const uint8_t *w, const uint8_t *x, float *out, long rows, long n, long k, long from, long to) {
    long bytes = group_bytes(kind, k), count = (kind == KIND_BYTES ? k : round_up(k, PAIR)) / BLOCK;
    for (long row = 0; row < rows; row += TILE_PANEL)
        for (long first = from; first < to; first += LANES)
            product(kind, w + first / LANES * bytes, x + row * row_tile_bytes(k), out + row * n + first, n, count, rows - row,
                    n - first, row == 0);
}

/*
 * out [rows, n] = x . w^T for its columns [from, to)
 *   w packed [n, k] as kind, one that has tiles; x rows prepared as tiles
 */
void KERNEL(matmul_tiles)(long kind, const uint8_t *w, const uint8_t *x, float *out, long rows, long n, long k, long from, long to) {
    tile_shapes shapes = {.palette = 1};
    for (int tile = 0; tile < 4; tile++) shape(&shapes, tile, TILE_PANEL, 64);
    for (int tile = 4; tile < 6; tile++) shape(&shapes, tile, TILE_PANEL, BLOCK);
    for (int tile = 6; tile < 8; tile++) shape(&shapes, tile, BLOCK / 4, 64);
    tiles_begin(&shapes);
    switch ((enum kind)kind) {
        case KIND_Q8_0: multiply(KIND_Q8_0, w, x, out, rows, n, k, from, to); break;
        case KIND_Q4_0: multiply(KIND_Q4_0, w, x, out, rows, n, k, from, to); break;
        case KIND_Q4_K: multiply(KIND_Q4_K, w, x, out, rows, n, k, from, to); break;
        default: multiply(KIND_BYTES, w, x, out, rows, n, k, from, to);
    }
    tiles_end();
}
#endif

/* below so many rows a product does without tiles: fewer read the weights from memory no slower than these do */
#define LEAST_TILE_ROWS 5

/* whether rows of that number are multiplied in tiles with weights packed as kind */
long KERNEL(multiplies_tiles)(long kind, long rows) {
    return TILES && rows >= LEAST_TILE_ROWS && (kind == KIND_Q8_0 || kind == KIND_Q4_0 || kind == KIND_Q4_K || kind == KIND_BYTES);
}
