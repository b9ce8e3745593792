/*
 * Plain weights times float activations. A row's sum with a row of weights runs over the columns in their order, one
 * fused multiplication after the other, whatever is computed beside it.
 */
#include "layout.h"

/* column c of a group as floats */
INLINE vf weights_at(enum kind kind, const uint8_t *w, long c) {
    if (kind == KIND_F32) return vf_load((const float *)w + c * LANES);
    if (kind == KIND_F16) return vf_from_f16((const uint16_t *)w + c * LANES);
    if (!PAIRED_BF16) return vf_bits(vi_shl(vi_from_u16((const uint16_t *)w + c * LANES), 16));
    vi pair = vi_load(w + (c >> 1) * LANES * 4);
    return vf_bits(c & 1 ? vi_and(pair, vi_set((int)0xffff0000)) : vi_shl(pair, 16));
}

#define MOST_GROUPS 4
#define MOST_ROWS 6

/* groups times rows sums, both constants; columns are even */
INLINE void tile(enum kind kind, const uint8_t *w, long bytes, const float *x, long stride, float *out, long n, long k,
                 long first, int groups, int rows) {
    vf acc[MOST_GROUPS][MOST_ROWS];
    for (int g = 0; g < groups; g++)
        for (int t = 0; t < rows; t++) acc[g][t] = vf_zero();
    for (long c = 0; c < k; c += 2) {
        for (int odd = 0; odd < 2; odd++) {
            vf column[MOST_GROUPS];
            for (int g = 0; g < groups; g++) column[g] = weights_at(kind, w + g * bytes, c + odd);
            for (int t = 0; t < rows; t++) {
                vf value = vf_set(x[t * stride + c + odd]);
                for (int g = 0; g < groups; g++) acc[g][t] = vf_fma(column[g], value, acc[g][t]);
            }
        }
    }
    for (int g = 0; g < groups; g++) {
        long at = first + g * LANES;
        for (int t = 0; t < rows; t++) vf_store_some(out + t * n + at, acc[g][t], n - at);
    }
}

INLINE void rows_of(enum kind kind, const uint8_t *w, long bytes, const float *x, long stride, float *out, long rows,
                    long n, long k, long first, int groups) {
    long row = 0;
    for (; row + 6 <= rows; row += 6)
        tile(kind, w, bytes, x + row * stride, stride, out + row * n, n, k, first, groups, 6);
    if (row + 4 <= rows)
        tile(kind, w, bytes, x + row * stride, stride, out + row * n, n, k, first, groups, 4), row += 4;
    if (row + 2 <= rows)
        tile(kind, w, bytes, x + row * stride, stride, out + row * n, n, k, first, groups, 2), row += 2;
    if (row < rows) tile(kind, w, bytes, x + row * stride, stride, out + row * n, n, k, first, groups, 1);
}

INLINE void multiply(enum kind kind, const uint8_t *w, const float *x, long stride, float *out, long rows, long n,
                     long k, long from, long to) {
    long bytes = group_bytes(kind, k), first = from;
    if (rows == 1)
        for (; first + 3 * LANES < to; first += 4 * LANES)
            tile(kind, w + first / LANES * bytes, bytes, x, stride, out, n, round_up(k, 2), first, 4, 1);
    for (; first + LANES < to; first += 2 * LANES)
        rows_of(kind, w + first / LANES * bytes, bytes, x, stride, out, rows, n, round_up(k, 2), first, 2);
    if (first < to) rows_of(kind, w + first / LANES * bytes, bytes, x, stride, out, rows, n, round_up(k, 2), first, 1);
}

/*
 * out [rows, n] = x . w^T for its columns [from, to)
 *   w packed [n, k] as kind, a plain one; x rows of floats, x_stride bytes apart, with a zero behind an odd last column
 */
void KERNEL(matmul_float)(long kind, const uint8_t *w, const float *x, long x_stride, float *out, long rows, long n, long k,
                          long from, long to) {
    long stride = x_stride / 4;
    switch ((enum kind)kind) {
        case KIND_F32: multiply(KIND_F32, w, x, stride, out, rows, n, k, from, to); break;
        case KIND_F16: multiply(KIND_F16, w, x, stride, out, rows, n, k, from, to); break;
        default: multiply(KIND_BF16, w, x, stride, out, rows, n, k, from, to);
    }
}
