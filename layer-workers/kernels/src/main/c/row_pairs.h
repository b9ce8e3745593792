/*
 * Products of bytes where the CPU multiplies two rows of weights by two rows of activations, eight columns at once (Arm's SMMLA). Sums
 * are integers, so they are those that rows have alone.
 */
#ifndef CARAVAN_ROW_PAIRS_H
#define CARAVAN_ROW_PAIRS_H

#include "layout.h"

#if PAIRED_ROWS
/* [pair of rows of activations][rows 0 and 1 of weights, rows 2 and 3]: w0 x0, w0 x1, w1 x0, w1 x1 */
typedef struct {
    vi at[4][2];
} pair_sums;

INLINE void pairs_begin(pair_sums *sums) {
    for (int p = 0; p < 4; p++) sums->at[p][0] = sums->at[p][1] = vi_zero();
}

/* adds the products of two neighbouring quads of columns with those of a panel of rows, a constant of 2, 4 or 8 */
INLINE void pairs_add(pair_sums *sums, vi first, vi second, const uint8_t *x, int quad, int rows) {
    int8x16_t low = vreinterpretq_s8_s32(vzip1q_s32(first, second)), high = vreinterpretq_s8_s32(vzip2q_s32(first, second));
    for (int p = 0; p < rows / 2; p++) {
        int32x2_t a = vreinterpret_s32_u8(vld1_u8(x + (quad * rows + 2 * p) * 4));
        int32x2_t b = vreinterpret_s32_u8(vld1_u8(x + ((quad + 1) * rows + 2 * p) * 4));
        int8x16_t pair = vreinterpretq_s8_s32(vcombine_s32(vzip1_s32(a, b), vzip2_s32(a, b)));
        sums->at[p][0] = vmmlaq_s32(sums->at[p][0], low, pair);
        sums->at[p][1] = vmmlaq_s32(sums->at[p][1], high, pair);
    }
}

/* adds all to the sums of each row */
INLINE void pairs_end(vi *sum, const pair_sums *sums, int rows) {
    for (int p = 0; p < rows / 2; p++) {
        sum[2 * p] = vi_add(sum[2 * p], vuzp1q_s32(sums->at[p][0], sums->at[p][1]));
        sum[2 * p + 1] = vi_add(sum[2 * p + 1], vuzp2q_s32(sums->at[p][0], sums->at[p][1]));
    }
}
#endif

#endif
