/*
 * BF16 weights times BF16 activations, two columns at once where the CPU multiplies pairs of them. A row's sum with a row of weights
 * runs over the pairs in their order, whatever is computed beside it. Products are exact; numbers below 2^-126 count as zero.
 */
#include "amx.h"

#if PAIRED_BF16 && !TILES
#define MOST_GROUPS 4
#define MOST_ROWS 6

/* groups times rows sums, both constants */
INLINE void tile(const uint8_t *w, long bytes, const uint8_t *x, long stride, float *out, long n, long k, long first, int groups,
                 int rows) {
    vf acc[MOST_GROUPS][MOST_ROWS];
    for (int g = 0; g < groups; g++)
        for (int t = 0; t < rows; t++) acc[g][t] = vf_zero();
    for (long pair = 0; pair < (k + 1) / 2; pair++) {
        vi weights[MOST_GROUPS];
        for (int g = 0; g < groups; g++) weights[g] = vi_load(w + g * bytes + pair * LANES * 4);
        for (int t = 0; t < rows; t++) {
            vi value = vi_spread(x + t * stride + pair * 4);
            for (int g = 0; g < groups; g++) acc[g][t] = dot_bf16(acc[g][t], weights[g], value);
        }
    }
    for (int g = 0; g < groups; g++)
        for (int t = 0; t < rows; t++) vf_store_some(out + t * n + first + g * LANES, acc[g][t], n - first - g * LANES);
}

INLINE void rows_of(const uint8_t *w, long bytes, const uint8_t *x, long stride, float *out, long rows, long n, long k, long first,
                    int groups) {
    for (; rows >= 6; rows -= 6, x += 6 * stride, out += 6 * n) tile(w, bytes, x, stride, out, n, k, first, groups, 6);
    for (; rows >= 2; rows -= 2, x += 2 * stride, out += 2 * n) tile(w, bytes, x, stride, out, n, k, first, groups, 2);
    if (rows > 0) tile(w, bytes, x, stride, out, n, k, first, groups, 1);
}

/*
 * out [rows, n] = x . w^T for its columns [from, to)
 *   w packed [n, k] BF16; x rows of BF16, x_stride bytes apart, with a zero behind an odd last column
 */
void KERNEL(matmul_bf16)(const uint8_t *w, const uint8_t *x, long x_stride, float *out, long rows, long n, long k, long from,
                         long to) {
    long bytes = group_bytes(KIND_BF16, k), first = from;
    if (rows <= 2)
        for (; first + 3 * LANES < to; first += 4 * LANES)
            rows_of(w + first / LANES * bytes, bytes, x, x_stride, out, rows, n, k, first, 4);
    for (; first + LANES < to; first += 2 * LANES)
        rows_of(w + first / LANES * bytes, bytes, x, x_stride, out, rows, n, k, first, 2);
    if (first < to) rows_of(w + first / LANES * bytes, bytes, x, x_stride, out, rows, n, k, first, 1);
}
#endif

/* whether there is a product of BF16 activations here */
long KERNEL(multiplies_bf16)(void) { return PAIRED_BF16; }
