/* AMX's tiles as plain memory, beside the emulated AVX-512. What a CPU refuses to do ends the program. */
#ifndef EMULATED_AMX_H
#define EMULATED_AMX_H

#define EMULATED_BF16
#include <stdlib.h>
#include "emulated_avx512.h"

#define __AMX_TILE__ 1
#define __AMX_INT8__ 1
#define __AMX_BF16__ 1

/* no rows where it is not configured; behind its rows and their bytes it is zero */
typedef struct {
    int rows, row_bytes;
    union {
        int8_t bytes[16][64];
        int32_t ints[16][16];
        uint32_t pairs[16][16];
        float floats[16][16];
    } at;
} emulated_tile;

static emulated_tile e_tiles[8];

EMULATED void e_must(int allowed) {
    if (!allowed) abort();
}

EMULATED emulated_tile *e_tile(int tile) {
    e_must(e_tiles[tile].rows > 0 && e_tiles[tile].row_bytes > 0);
    return e_tiles + tile;
}

/* shapes are as the CPU reads them: the palette, from byte 16 on the bytes of a row of each tile, from 48 on rows */
EMULATED void tiles_begin(const void *shapes) {
    const uint8_t *bytes = shapes;
    e_must(bytes[0] == 1);
    memset(e_tiles, 0, sizeof e_tiles);
    for (int i = 0; i < 16; i++) {
        uint16_t row_bytes;
        memcpy(&row_bytes, bytes + 16 + 2 * i, 2);
        e_must(i < 8 ? bytes[48 + i] <= 16 && row_bytes <= 64 : !bytes[48 + i] && !row_bytes);
        if (i < 8) e_tiles[i].rows = bytes[48 + i], e_tiles[i].row_bytes = row_bytes;
    }
}

EMULATED void tiles_end(void) { memset(e_tiles, 0, sizeof e_tiles); }

EMULATED void e_tile_zero(emulated_tile *tile) { memset(&tile->at, 0, sizeof tile->at); }
EMULATED void e_tile_load(emulated_tile *tile, const void *from, long stride) {
    e_tile_zero(tile);
    for (int m = 0; m < tile->rows; m++) memcpy(tile->at.bytes[m], (const uint8_t *)from + m * stride, tile->row_bytes);
}
EMULATED void e_tile_store(const emulated_tile *tile, void *to, long stride) {
    for (int m = 0; m < tile->rows; m++) memcpy((uint8_t *)to + m * stride, tile->at.bytes[m], tile->row_bytes);
}

EMULATED void e_must_fit(const emulated_tile *sums, const emulated_tile *rows, const emulated_tile *weights) {
    e_must(sums != rows && sums != weights && rows != weights);
    e_must(sums->rows == rows->rows && sums->row_bytes == weights->row_bytes && rows->row_bytes == 4 * weights->rows);
    e_must(sums->row_bytes % 4 == 0);
}
#define EACH_SUM for (int m = 0; m < rows->rows; m++) for (int n = 0; n < weights->row_bytes / 4; n++)

EMULATED void e_tile_dot_bytes(emulated_tile *sums, const emulated_tile *rows, const emulated_tile *weights) {
    e_must_fit(sums, rows, weights);
    EACH_SUM
        for (int k = 0; k < rows->row_bytes / 4; k++)
            for (int c = 0; c < 4; c++)
                sums->at.ints[m][n] += rows->at.bytes[m][4 * k + c] * weights->at.bytes[k][4 * n + c];
}

/* the even and the odd columns apart, from zero */
EMULATED void e_tile_dot_bf16(emulated_tile *sums, const emulated_tile *rows, const emulated_tile *weights) {
    e_must_fit(sums, rows, weights);
    EACH_SUM {
        float even = 0, odd = 0;
        for (int k = 0; k < rows->row_bytes / 4; k++) {
            uint32_t x = rows->at.pairs[m][k], y = weights->at.pairs[k][n];
            even = e_normal(fmaf(e_bf16(x << 16), e_bf16(y << 16), even));
            odd = e_normal(fmaf(e_bf16(x & 0xffff0000u), e_bf16(y & 0xffff0000u), odd));
        }
        sums->at.floats[m][n] = e_normal(e_normal(sums->at.floats[m][n]) + e_normal(even + odd));
    }
}

#define tile_zero(tile) e_tile_zero(e_tile(tile))
#define tile_load(tile, from, stride) e_tile_load(e_tile(tile), from, stride)
#define tile_store(tile, to) e_tile_store(e_tile(tile), to, 64)
#define tile_dot_bytes(sums, rows, weights) e_tile_dot_bytes(e_tile(sums), e_tile(rows), e_tile(weights))
#define tile_dot_bf16(sums, rows, weights) e_tile_dot_bf16(e_tile(sums), e_tile(rows), e_tile(weights))

#endif
