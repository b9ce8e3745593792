/*
 * How packed weights and prepared activations lie in memory.
 *
 * Weights come in groups of LANES rows, so that a vector holds one column, or four, of every row of the group and no sum
 * crosses lanes. Within a group the columns follow each other from the first to the last: a matrix is read from end to end.
 *
 *   F32, F16    [column][row], an odd last column followed by one of zeros
 *   BF16        as F16, or [pair of columns][row][2] where the CPU multiplies pairs (PAIRED_BF16); or in twelve bits (twelve.h)
 *   Q8_0        of two blocks of 32 columns each:   [2][row] f16 scales, [2][8 quads of columns][row][4] bytes
 *   Q4_0        of two blocks of 32 columns each:   [2][row] f16 scales, [2][4][row][4] bytes, in which the lower halves
 *               are columns 4j..4j+3 and the upper ones 16+4j..16+4j+3
 *   Q4_K        of 256 columns: [row] f16 d, [row] f16 dmin, [8][row] scales, [8][row] mins, [8][4][row][4] as in Q4_0
 *   Q6_K        of 256 columns: [row] f16 d, [16][row] signed scales of 16 columns, [row] two bytes of nothing, then of 32 columns
 *               each: [8] of [2][row][4] upper two bits, of quads 0..3 in the first, 4..7 in the second, from the lowest bits up, and
 *               [4][row][4] lower four bits as in Q4_0
 *   Q2_K        of 256 columns: [row] f16 d, [row] f16 dmin, [16][row] scales and, in the upper halves, mins of 16 columns,
 *               [8][2][row][4] numbers of two bits as Q6_K's upper ones
 *   BYTES       of 32 columns: [row] float scales, [row] float mins, [8][row][4] signed bytes; an element is scale times byte
 *               less min. Formats without a layout of their own are stored so.
 *
 * Two blocks together are a multiple of a vector long, so that no load crosses a cache line.
 *
 * Activations are rows of floats, or panels of quantised rows: of 8 rows as long as there are so many, then one of all that are left,
 * or, where rows are multiplied in pairs (PAIRED_ROWS), panels of 4, 2 and 1.
 * A panel's blocks of 32 columns follow each other, each as
 *
 *   [8 quads of columns][row][4] signed bytes, [row] float scales, [row] float mins: scale times minus the sum of the bytes,
 *   32-bit centres, what sums of weights that are stored as positive numbers start with: [row] of four bits, [row] of bytes,
 *   [row] of six bits in the first half of the block, [row] in the second
 *
 * For products in tile registers (dot_int8_tiles.c) they are panels of 16 rows, the last one with room for as many: each block as
 *
 *   [row][32 columns] signed bytes, [row] float scales, [row] float mins
 *
 * All end on a whole pair of blocks, filled up with zeros.
 */
#ifndef CARAVAN_LAYOUT_H
#define CARAVAN_LAYOUT_H

#include "simd.h"

#define BLOCK 32
#define PAIR 64
#define SUPER 256

enum kind { KIND_F32, KIND_F16, KIND_BF16, KIND_Q8_0, KIND_Q4_0, KIND_Q4_K, KIND_Q6_K, KIND_Q2_K, KIND_BYTES };

/* bytes of a block of one quantised row */
#define ROW_BLOCK_BYTES (BLOCK + 24)

/* the same where tiles read it, and rows of a panel of those */
#define ROW_TILE_BLOCK_BYTES (BLOCK + 8)
#define TILE_PANEL 16

INLINE long round_up(long value, long unit) { return (value + unit - 1) / unit * unit; }

/* bytes of one group of LANES rows of k columns */
INLINE long group_bytes(enum kind kind, long k) {
    switch (kind) {
        case KIND_F32: return round_up(k, 2) * LANES * 4;
        case KIND_F16: return round_up(k, 2) * LANES * 2;
        case KIND_BF16: return round_up(k, 2) * LANES * 2;
        case KIND_Q8_0: return round_up(k, PAIR) / PAIR * (4 * LANES + 2 * BLOCK * LANES);
        case KIND_Q4_0: return round_up(k, PAIR) / PAIR * (4 * LANES + BLOCK * LANES);
        case KIND_Q4_K: return k / SUPER * (20 * LANES + SUPER / 2 * LANES);
        case KIND_Q6_K: return k / SUPER * (20 * LANES + SUPER * 3 / 4 * LANES);
        case KIND_Q2_K: return k / SUPER * (20 * LANES + SUPER / 4 * LANES);
        case KIND_BYTES: return k / BLOCK * (8 * LANES + BLOCK * LANES);
    }
    return 0;
}

/* rows of the panel that begins at row, and bytes of a row in it */
INLINE int panel_rows(long rows_left) {
    if (!PAIRED_ROWS) return rows_left >= 8 ? 8 : (int)rows_left;
    return rows_left >= 8 ? 8 : rows_left >= 4 ? 4 : rows_left >= 2 ? 2 : 1;
}
INLINE long row_bytes(long k) { return round_up(k, PAIR) / BLOCK * ROW_BLOCK_BYTES; }
INLINE long row_tile_bytes(long k) { return round_up(k, PAIR) / BLOCK * ROW_TILE_BLOCK_BYTES; }

#endif
