/*
 * BF16 weights in twelve bits (twelve.h) times floats, or times BF16 numbers where the CPU multiplies pairs of them. A row's sum with a row
 * of weights is that of dot_float.c or dot_bf16.c: over the columns, or pairs, in their order, whatever is computed beside it.
 *
 * Few rows take the numbers in registers as they are unpacked, so that this goes on beside their products. For many, some columns of two
 * groups are unpacked once and stay in the first-level cache while all rows pass by.
 */
#include "twelve.h"

#define GROUPS 2      /* of weights that share the loads of activations */
#define MOST_GROUPS 4 /* the same for one row and two: fewer have chains of sums too long */
/*
 * Rows whose sums stay in registers beside what is unpacked; the fewest that share what is unpacked once, and the most; of those, rows that
 * share the loads of a step; and steps that are unpacked at once, for two groups as many as half a first-level cache holds. Measured on Zen 4.
 */
#if LANES == 16
#define MOST_ROWS 8
#define LEAST_SHARING_ROWS 48
#define PIECE_ROWS 8
#define PIECE 128
#else
#define MOST_ROWS 4
#ifndef LEAST_SHARING_ROWS
#define LEAST_SHARING_ROWS 9
#endif
#define PIECE_ROWS 6
#define PIECE 64
#endif
#define SHARING_ROWS 384

/* A step is what one vector of weights holds: a column as floats, or a pair of columns; either takes four bytes of a row of activations. */
enum input { FLOATS, PAIRS };
#define STEP_BYTES 4
#define PIECE_UNITS(input) (PIECE / UNIT_STEPS(input))
#define UNIT_STEPS(input) ((input) == FLOATS ? UNIT : UNIT_VECTORS)

/* step i of unpacked numbers */
INLINE vi step_of(enum input input, const vi *numbers, int i) {
    if (input == PAIRS) return numbers[i];
    return i % 2 ? vi_and(numbers[i / 2], vi_set((int)0xffff0000)) : vi_shl(numbers[i / 2], 16);
}

/* steps of k columns from a unit on, at most those of some units */
INLINE long steps_left(enum input input, long k, long unit, long units) {
    long columns = k - unit * UNIT, left = input == FLOATS ? round_up(columns, 2) : (columns + 1) / 2;
    return left < units * UNIT_STEPS(input) ? left : units * UNIT_STEPS(input);
}

INLINE vf add_step(enum input input, vf sum, vi step, const uint8_t *x) {
#if PAIRED_BF16
    if (input == PAIRS) return dot_bf16(sum, step, vi_spread(x));
#endif
    (void)input;
    return vf_fma(vf_bits(step), vf_bits(vi_spread(x)), sum);
}

/* adds the first steps of a unit of all groups */
INLINE void add_unit(enum input input, vf sum[MOST_GROUPS][MOST_ROWS], vi numbers[MOST_GROUPS][UNIT_VECTORS], const uint8_t *x,
                     long stride, long count, int groups, int rows) {
    for (int i = 0; i < UNIT_STEPS(input) && i < count; i++) {
        vi step[MOST_GROUPS];
        for (int g = 0; g < groups; g++) step[g] = step_of(input, numbers[g], i);
        for (int t = 0; t < rows; t++)
            for (int g = 0; g < groups; g++) sum[g][t] = add_step(input, sum[g][t], step[g], x + t * stride + i * STEP_BYTES);
    }
}

/* groups times rows sums, both constants */
INLINE void tile(enum input input, const struct twelve *m, long group, const uint8_t *x, long stride, float *out, long n, long k,
                 int groups, int rows) {
    vf sum[MOST_GROUPS][MOST_ROWS];
    vi numbers[MOST_GROUPS][UNIT_VECTORS];
    const uint32_t *patch[MOST_GROUPS];
    for (int g = 0; g < groups; g++) {
        patch[g] = m->patches + m->first[group + g];
        for (int t = 0; t < rows; t++) sum[g][t] = vf_zero();
    }
    const uint8_t *w = m->groups + group * m->bytes;
    for (long unit = 0, end = round_up(k, UNIT) / UNIT; unit < end; unit++) {
        long stop = k / UNIT;
        for (int g = 0; g < groups; g++) stop = patched_unit(*patch[g]) < stop ? patched_unit(*patch[g]) : stop;
        for (; unit < stop; unit++) {
            for (int g = 0; g < groups; g++) {
                const uint8_t *packed = w + g * m->bytes + unit * UNIT_BYTES;
                prefetch(packed, UNIT_BYTES, rows <= 2 ? READ_FEW_ROWS : READ_MANY_ROWS);
                unpack(packed, m->exponents, numbers[g]);
            }
            add_unit(input, sum, numbers, x + unit * UNIT_STEPS(input) * STEP_BYTES, stride, UNIT, groups, rows);
        }
        if (unit == end) break;
        for (int g = 0; g < groups; g++)
            unpack_patched(w + g * m->bytes + unit * UNIT_BYTES, m->exponents, numbers[g], unit, &patch[g]);
        add_unit(input, sum, numbers, x + unit * UNIT_STEPS(input) * STEP_BYTES, stride, steps_left(input, k, unit, 1), groups, rows);
    }
    for (int g = 0; g < groups; g++)
        for (int t = 0; t < rows; t++) {
            long at = (group + g) * LANES;
            vf_store_some(out + t * n + at, sum[g][t], n - at);
        }
}

/* some groups' steps of a piece */
typedef vi piece[GROUPS][PIECE];

/* unpacks a piece and asks for the next one, so that memory works while products are made */
INLINE void unpack_piece(enum input input, piece steps, const struct twelve *m, long group, long unit, long count, const uint32_t **patch,
                         int groups) {
    for (int g = 0; g < groups; g++) {
        const uint8_t *packed = m->groups + (group + g) * m->bytes + unit * UNIT_BYTES;
        for (long u = 0; u * UNIT_STEPS(input) < count; u++) {
            vi numbers[UNIT_VECTORS];
            if (patched_unit(*patch[g]) == unit + u) unpack_patched(packed + u * UNIT_BYTES, m->exponents, numbers, unit + u, &patch[g]);
            else unpack(packed + u * UNIT_BYTES, m->exponents, numbers);
            for (int i = 0; i < UNIT_STEPS(input); i++) steps[g][u * UNIT_STEPS(input) + i] = step_of(input, numbers, i);
        }
        for (long i = 0; i < PIECE_UNITS(input) * UNIT_BYTES; i += 64)
            __builtin_prefetch(packed + PIECE_UNITS(input) * UNIT_BYTES + i, 0, 2);
    }
}

/* adds steps to the sums [GROUPS] of some rows, a constant; groups of sums are all SHARING_ROWS apart */
INLINE void add_piece(enum input input, float *sums, piece steps, const uint8_t *x, long stride, long count, int groups, int rows) {
    vf sum[GROUPS][PIECE_ROWS];
    for (int g = 0; g < groups; g++)
        for (int t = 0; t < rows; t++) sum[g][t] = vf_load(sums + (g * SHARING_ROWS + t) * LANES);
    for (long i = 0; i < count; i++, x += STEP_BYTES) {
        vi step[GROUPS];
        for (int g = 0; g < groups; g++) step[g] = steps[g][i];
        for (int t = 0; t < rows; t++)
            for (int g = 0; g < groups; g++) sum[g][t] = add_step(input, sum[g][t], step[g], x + t * stride);
    }
    for (int g = 0; g < groups; g++)
        for (int t = 0; t < rows; t++) vf_store(sums + (g * SHARING_ROWS + t) * LANES, sum[g][t]);
}

/* at most SHARING_ROWS rows with one or two groups */
INLINE void pieces(enum input input, const struct twelve *m, long group, const uint8_t *x, long stride, float *out, long rows, long n,
                   long k, int groups) {
    _Alignas(64) float sums[GROUPS * SHARING_ROWS * LANES];
    piece steps;
    const uint32_t *patch[GROUPS];
    for (int g = 0; g < groups; g++) {
        patch[g] = m->patches + m->first[group + g];
        memset(sums + g * SHARING_ROWS * LANES, 0, rows * LANES * sizeof(float));
    }
    for (long unit = 0; unit * UNIT < k; unit += PIECE_UNITS(input), x += PIECE * STEP_BYTES) {
        long count = steps_left(input, k, unit, PIECE_UNITS(input)), row = 0;
        unpack_piece(input, steps, m, group, unit, count, patch, groups);
        for (; row + PIECE_ROWS <= rows; row += PIECE_ROWS)
            add_piece(input, sums + row * LANES, steps, x + row * stride, stride, count, groups, PIECE_ROWS);
        for (; row + 2 <= rows; row += 2) add_piece(input, sums + row * LANES, steps, x + row * stride, stride, count, groups, 2);
        if (row < rows) add_piece(input, sums + row * LANES, steps, x + row * stride, stride, count, groups, 1);
    }
    for (int g = 0; g < groups; g++)
        for (long row = 0, at = (group + g) * LANES; row < rows; row++)
            vf_store_some(out + row * n + at, vf_load(sums + (g * SHARING_ROWS + row) * LANES), n - at);
}

/* all rows with some groups, a constant */
INLINE void rows_of(enum input input, const struct twelve *m, long group, const uint8_t *x, long stride, float *out, long rows, long n,
                    long k, int groups) {
    for (; rows >= LEAST_SHARING_ROWS; x += SHARING_ROWS * stride, out += SHARING_ROWS * n, rows -= SHARING_ROWS)
        pieces(input, m, group, x, stride, out, rows < SHARING_ROWS ? rows : SHARING_ROWS, n, k, groups);
    for (; rows >= MOST_ROWS; x += MOST_ROWS * stride, out += MOST_ROWS * n, rows -= MOST_ROWS)
        tile(input, m, group, x, stride, out, n, k, groups, MOST_ROWS);
#if MOST_ROWS > 4
    if (rows == 7) tile(input, m, group, x, stride, out, n, k, groups, 7);
    if (rows == 6) tile(input, m, group, x, stride, out, n, k, groups, 6);
    if (rows == 5) tile(input, m, group, x, stride, out, n, k, groups, 5);
    if (rows == 4) tile(input, m, group, x, stride, out, n, k, groups, 4);
#endif
    if (rows == 3) tile(input, m, group, x, stride, out, n, k, groups, 3);
    if (rows == 2) tile(input, m, group, x, stride, out, n, k, groups, 2);
    if (rows == 1) tile(input, m, group, x, stride, out, n, k, groups, 1);
}

INLINE void multiply(enum input input, const uint8_t *w, const uint8_t *x, long stride, float *out, long rows, long n, long k, long from,
                     long to) {
    struct twelve m = twelve_of(w, n, k);
    long first = from;
    if (rows == 1)
        for (; first + 3 * LANES < to; first += 4 * LANES) tile(input, &m, first / LANES, x, stride, out, n, k, 4, 1);
    if (rows == 2)
        for (; first + 3 * LANES < to; first += 4 * LANES) tile(input, &m, first / LANES, x, stride, out, n, k, 4, 2);
    for (; first + LANES < to; first += 2 * LANES) rows_of(input, &m, first / LANES, x, stride, out, rows, n, k, 2);
    if (first < to) rows_of(input, &m, first / LANES, x, stride, out, rows, n, k, 1);
}

/*
 * out [rows, n] = x . w^T for its columns [from, to)
 *   w packed [n, k] BF16 in twelve bits; x rows of floats, x_stride bytes apart, with a zero behind an odd last column
 */
void KERNEL(matmul_twelve_float)(const uint8_t *w, const uint8_t *x, long x_stride, float *out, long rows, long n, long k, long from,
                                 long to) {
    multiply(FLOATS, w, x, x_stride, out, rows, n, k, from, to);
}

#if PAIRED_BF16 && !TILES
/* the same; x rows of BF16 numbers */
void KERNEL(matmul_twelve_bf16)(const uint8_t *w, const uint8_t *x, long x_stride, float *out, long rows, long n, long k, long from,
                                long to) {
    multiply(PAIRS, w, x, x_stride, out, rows, n, k, from, to);
}
#endif
