/*
 * Eight-bit weights times many rows, on CPUs that multiply only unsigned bytes by signed ones.
 *
 * There a product needs the weight's absolute value, and the activation with the weight's sign. Many rows share that work:
 * two groups of weights are taken apart once, some columns at a time, and stay in the first-level cache while all panels
 * pass by. With m = -1 where w < 0, else 0, and x ^ m = -x - 1 where m is -1:
 *
 *   w x = |w| (x ^ m) - |w| m,    and the sum of -|w| m is the same for every row
 *
 * An exclusive or runs on any of the vector units; changing a sign, and all multiplications, on two of four. A tile of two
 * groups and four rows loads each activation once for both. Sums of products are exact, scales are applied in the order
 * of blocks: a row has the same bits as in panels of its own.
 */
#ifndef CARAVAN_TILES_H
#define CARAVAN_TILES_H

#include "layout.h"
#include "reading.h"

#if SIGNS_APART
#define TILE_GROUPS 2
#define TILE_ROWS 4
#define TILE_COLUMNS 512
#define PANEL 8
/* fewer do not pay for taking the weights apart, measured where these come from memory */
#define LEAST_TILED_ROWS 48

/* TILE_COLUMNS of TILE_GROUPS groups, taken apart */
struct parts {
    vi quads[TILE_COLUMNS / 4][2][TILE_GROUPS];
    vi start[TILE_COLUMNS / BLOCK][TILE_GROUPS];
    vf scale[TILE_COLUMNS / BLOCK][TILE_GROUPS], min[TILE_COLUMNS / BLOCK][TILE_GROUPS];
};

/* takes block b of group g apart, whose quads begin at w */
INLINE void take_apart(struct parts *parts, long b, int g, const uint8_t *w) {
    prefetch(w, BLOCK * LANES, READ_MANY_ROWS);
    vi sum = vi_zero();
    for (int j = 0; j < 8; j++) {
        vi quad = vi_load(w + j * LANES * 4), size = magnitude(quad), sign = negative(quad);
        parts->quads[b * 8 + j][0][g] = size, parts->quads[b * 8 + j][1][g] = sign;
        sum = less_products(sum, size, sign);
    }
    parts->start[b][g] = finish4(sum);
}

INLINE void prepare(enum kind kind, struct parts *parts, const uint8_t *w, long bytes, long from, long blocks) {
    for (int g = 0; g < TILE_GROUPS; g++, w += bytes)
        for (long b = 0; b < blocks; b++) {
            const uint8_t *at = kind == KIND_BYTES
                ? w + (from / BLOCK + b) * (8 + BLOCK) * LANES
                : w + (from + b * BLOCK) / PAIR * (4 + 2 * BLOCK) * LANES;
            if (kind == KIND_BYTES) {
                parts->scale[b][g] = vf_load((const float *)at), parts->min[b][g] = vf_load((const float *)at + LANES);
                take_apart(parts, b, g, at + 8 * LANES);
            } else {
                parts->scale[b][g] = vf_from_f16((const uint16_t *)at + (b & 1) * LANES);
                take_apart(parts, b, g, at + (4 + (b & 1) * BLOCK) * LANES);
            }
        }
}

/* adds the products of prepared blocks with TILE_ROWS rows of a panel to out, or sets out where they are the first */
INLINE void tile(enum kind kind, const struct parts *parts, const uint8_t *x, float *out, long n, long blocks, int first) {
    vf acc[TILE_ROWS][TILE_GROUPS];
    for (int t = 0; t < TILE_ROWS; t++)
        for (int g = 0; g < TILE_GROUPS; g++) acc[t][g] = first ? vf_zero() : vf_load(out + t * n + g * LANES);
    for (long b = 0; b < blocks; b++, x += ROW_BLOCK_BYTES * PANEL) {
        vi sum[TILE_ROWS][TILE_GROUPS];
        for (int t = 0; t < TILE_ROWS; t++)
            for (int g = 0; g < TILE_GROUPS; g++) sum[t][g] = parts->start[b][g];
        for (int j = 0; j < 8; j++)
            for (int t = 0; t < TILE_ROWS; t++) {
                vi spread = vi_spread(x + (j * PANEL + t) * 4);
                for (int g = 0; g < TILE_GROUPS; g++)
                    add_products(&sum[t][g], parts->quads[b * 8 + j][0][g], parts->quads[b * 8 + j][1][g], spread);
            }
        for (int t = 0; t < TILE_ROWS; t++)
            for (int g = 0; g < TILE_GROUPS; g++) {
                const float *scales = (const float *)(x + BLOCK * PANEL);
                acc[t][g] = vf_fma(vf_from_int(sum[t][g]), vf_mul(parts->scale[b][g], vf_set(scales[t])), acc[t][g]);
                if (kind == KIND_BYTES) acc[t][g] = vf_fma(parts->min[b][g], vf_set(scales[PANEL + t]), acc[t][g]);
            }
    }
    for (int t = 0; t < TILE_ROWS; t++)
        for (int g = 0; g < TILE_GROUPS; g++) vf_store(out + t * n + g * LANES, acc[t][g]);
}

/* columns [from, to) of out = x . w^T; rows are whole panels, columns whole tiles */
INLINE void multiply_tiles(enum kind kind, const uint8_t *w, const uint8_t *x, float *out, long rows, long n, long columns,
                           long row_size, long bytes, long from, long to) {
    struct parts parts;
    for (long first = from; first < to; first += TILE_GROUPS * LANES)
        for (long column = 0; column < columns; column += TILE_COLUMNS) {
            long blocks = (columns - column < TILE_COLUMNS ? columns - column : TILE_COLUMNS) / BLOCK;
            prepare(kind, &parts, w + first / LANES * bytes, bytes, column, blocks);
            for (long row = 0; row < rows; row += TILE_ROWS)
                tile(kind, &parts,
                     x + row / PANEL * PANEL * row_size + column / BLOCK * ROW_BLOCK_BYTES * PANEL + row % PANEL * 4,
                     out + row * n + first, n, blocks, column == 0);
        }
}
#endif
#endif
