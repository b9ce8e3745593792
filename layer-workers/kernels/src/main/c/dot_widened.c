/*
 * Quantised weights times float activations. Weights are widened to floats a piece at a time, for many rows at once; a row's sum with
 * a row of weights runs over the columns in their order, one fused multiplication after the other, whatever is computed beside it.
 */
#include "layout.h"

#define PIECE 64      /* columns that are widened at once */
#define GROUPS 2      /* of weights that share the loads of activations */
#define TILE 6        /* rows that share the loads of weights */
#define MOST_ROWS 96  /* that share what was widened */

INLINE vf scaled(vi number, vf scale, vf less) { return vf_sub(vf_mul(vf_from_int(number), scale), less); }

/* widens 32 columns of signed bytes: [column][row] */
INLINE void widen_bytes(float *to, const uint8_t *w, vf scale, vf less) {
    for (int quad = 0; quad < 8; quad++) {
        vi bytes = vi_load(w + quad * LANES * 4);
        for (int c = 0; c < 4; c++) vf_store(to + (4 * quad + c) * LANES, scaled(vi_byte(bytes, c), scale, less));
    }
}

/* widens 32 columns of four-bit numbers */
INLINE void widen_halves(float *to, const uint8_t *w, vf scale, vf less) {
    for (int j = 0; j < 4; j++) {
        vi pairs = vi_load(w + j * LANES * 4);
        for (int c = 0; c < 4; c++) {
            vi low = vi_and(vi_shr(pairs, 8 * c), vi_set(15)), high = vi_and(vi_shr(pairs, 8 * c + 4), vi_set(15));
            vf_store(to + (4 * j + c) * LANES, scaled(low, scale, less));
            vf_store(to + (16 + 4 * j + c) * LANES, scaled(high, scale, less));
        }
    }
}

/* widens half a block of 32 columns, whose upper two bits, or all, are four to a byte; low is of the whole block, or none */
INLINE void widen_two_bits(float *to, vi two, const uint8_t *low, int half, vf scale, vf less) {
    for (int j = 0; j < 4; j++) {
        vi lower = low ? vi_load(low + j * LANES * 4) : vi_zero();
        for (int c = 0; c < 4; c++) {
            vi number = vi_and(vi_shr(two, 8 * c + 2 * j), vi_set(3));
            if (low) number = vi_or(vi_shl(number, 4), vi_and(vi_shr(lower, 8 * c + 4 * half), vi_set(15)));
            vf_store(to + (4 * j + c) * LANES, scaled(number, scale, less));
        }
    }
}

/* block b of 32 columns of a group */
INLINE void widen(enum kind kind, float *to, const uint8_t *w, long b) {
    const uint8_t *super = w + b / 8 * (group_bytes(kind, SUPER));
    int i = (int)(b % 8);
    vf zero = vf_zero(), d = vf_from_f16((const uint16_t *)super);
    switch (kind) {
        case KIND_Q8_0: {
            const uint8_t *pair = w + b / 2 * group_bytes(kind, PAIR);
            vf scale = vf_from_f16((const uint16_t *)pair + b % 2 * LANES);
            widen_bytes(to, pair + 4 * LANES + b % 2 * BLOCK * LANES, scale, zero);
            break;
        }
        case KIND_Q4_0: {
            const uint8_t *pair = w + b / 2 * group_bytes(kind, PAIR);
            vf scale = vf_from_f16((const uint16_t *)pair + b % 2 * LANES);
            widen_halves(to, pair + 4 * LANES + b % 2 * BLOCK / 2 * LANES, scale, vf_mul(scale, vf_set(8)));
            break;
        }
        case KIND_Q4_K: {
            vf min = vf_mul(vf_from_f16((const uint16_t *)super + LANES), vf_from_int(vi_from_u8(super + (12 + i) * LANES)));
            vf scale = vf_mul(d, vf_from_int(vi_from_u8(super + (4 + i) * LANES)));
            widen_halves(to, super + (20 + i * BLOCK / 2) * LANES, scale, min);
            break;
        }
        case KIND_Q6_K:
            for (int half = 0; half < 2; half++) {
                vf scale = vf_mul(d, vf_from_int(vi_from_s8((const int8_t *)super + (2 + 2 * i + half) * LANES)));
                const uint8_t *block = super + (20 + i * BLOCK * 3 / 4) * LANES;
                vi two = vi_load(block + half * 4 * LANES);
                widen_two_bits(to + half * 16 * LANES, two, block + 8 * LANES, half, scale, vf_mul(scale, vf_set(32)));
            }
            break;
        case KIND_Q2_K:
            for (int half = 0; half < 2; half++) {
                vi both = vi_from_u8(super + (4 + 2 * i + half) * LANES);
                vf scale = vf_mul(d, vf_from_int(vi_and(both, vi_set(15))));
                vf min = vf_mul(vf_from_f16((const uint16_t *)super + LANES), vf_from_int(vi_shr(both, 4)));
                vi two = vi_load(super + (20 + (2 * i + half) * 4) * LANES);
                widen_two_bits(to + half * 16 * LANES, two, 0, half, scale, min);
            }
            break;
        default: {
            const uint8_t *block = w + b * group_bytes(KIND_BYTES, BLOCK);
            widen_bytes(to, block + 8 * LANES, vf_load((const float *)block), vf_load((const float *)block + LANES));
        }
    }
}

/* adds count columns to the sums [GROUPS] of some rows, a constant; groups of sums are all MOST_ROWS apart */
INLINE void add_columns(float *sums, const float *w, const float *x, long stride, long count, int groups, int rows) {
    vf sum[GROUPS][TILE];
    for (int g = 0; g < groups; g++)
        for (int t = 0; t < rows; t++) sum[g][t] = vf_load(sums + (g * MOST_ROWS + t) * LANES);
    for (long c = 0; c < count; c++) {
        vf column[GROUPS];
        for (int g = 0; g < groups; g++) column[g] = vf_load(w + (g * PIECE + c) * LANES);
        for (int t = 0; t < rows; t++)
            for (int g = 0; g < groups; g++) sum[g][t] = vf_fma(column[g], vf_set(x[t * stride + c]), sum[g][t]);
    }
    for (int g = 0; g < groups; g++)
        for (int t = 0; t < rows; t++) vf_store(sums + (g * MOST_ROWS + t) * LANES, sum[g][t]);
}

/* columns of some rows, at most MOST_ROWS, from one or two groups of weights */
INLINE void some_rows(enum kind kind, const uint8_t *w, long bytes, const float *x, long stride, float *out, long rows, long n,
                      long k, long first, int groups) {
    _Alignas(64) float sums[GROUPS * MOST_ROWS * LANES], piece[GROUPS * PIECE * LANES];
    memset(sums, 0, sizeof sums);
    for (long c = 0; c < k; c += PIECE) {
        long count = k - c < PIECE ? k - c : PIECE;
        for (int g = 0; g < groups; g++)
            for (long b = 0; b < count; b += BLOCK) widen(kind, piece + (g * PIECE + b) * LANES, w + g * bytes, (c + b) / BLOCK);
        long row = 0;
        for (; row + TILE <= rows; row += TILE)
            add_columns(sums + row * LANES, piece, x + row * stride + c, stride, count, groups, TILE);
        for (; row + 2 <= rows; row += 2) add_columns(sums + row * LANES, piece, x + row * stride + c, stride, count, groups, 2);
        if (row < rows) add_columns(sums + row * LANES, piece, x + row * stride + c, stride, count, groups, 1);
    }
    for (int g = 0; g < groups; g++)
        for (long row = 0, at = first + g * LANES; row < rows; row++)
            vf_store_some(out + row * n + at, vf_load(sums + (g * MOST_ROWS + row) * LANES), n - at);
}

INLINE void multiply(enum kind kind, const uint8_t *w, const float *x, long stride, float *out, long rows, long n, long k,
                     long from, long to) {
    long bytes = group_bytes(kind, k);
    for (long row = 0; row < rows; row += MOST_ROWS) {
        long count = rows - row < MOST_ROWS ? rows - row : MOST_ROWS, first = from;
        const float *in = x + row * stride;
        for (; first + LANES < to; first += 2 * LANES)
            some_rows(kind, w + first / LANES * bytes, bytes, in, stride, out + row * n, count, n, k, first, 2);
        if (first < to) some_rows(kind, w + first / LANES * bytes, bytes, in, stride, out + row * n, count, n, k, first, 1);
    }
}

/*
 * out [rows, n] = x . w^T for its columns [from, to)
 *   w packed [n, k] as kind, a quantised one; x rows of floats, x_stride bytes apart
 */
void KERNEL(matmul_widened)(long kind, const uint8_t *w, const float *x, long x_stride, float *out, long rows, long n, long k,
                            long from, long to) {
    long stride = x_stride / 4;
    switch ((enum kind)kind) {
        case KIND_Q8_0: multiply(KIND_Q8_0, w, x, stride, out, rows, n, k, from, to); break;
        case KIND_Q4_0: multiply(KIND_Q4_0, w, x, stride, out, rows, n, k, from, to); break;
        case KIND_Q4_K: multiply(KIND_Q4_K, w, x, stride, out, rows, n, k, from, to); break;
        case KIND_Q6_K: multiply(KIND_Q6_K, w, x, stride, out, rows, n, k, from, to); break;
        case KIND_Q2_K: multiply(KIND_Q2_K, w, x, stride, out, rows, n, k, from, to); break;
        default: multiply(KIND_BYTES, w, x, stride, out, rows, n, k, from, to);
    }
}
