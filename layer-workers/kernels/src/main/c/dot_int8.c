/*
 * Quantised weights times quantised activations. Products are summed exactly, as integers, within a block of 32 columns;
 * blocks are added to a row's sum in their order. So the result of a row does not depend on the rows beside it.
 */
#include "layout.h"
#include "reading.h"
#include "row_pairs.h"
#include "tiles.h"

/* most rows that share the loads of a group's weights */
#define TILE 8

/* whether there are registers for the sums of two panels, which then take turns */
#if LANES == 16
#define TWO_PANELS 1
#else
#define TWO_PANELS 0
#endif

/* one block of a panel of rows, a constant */
INLINE vi quad_at(const uint8_t *x, int quad, int row, int rows) { return vi_spread(x + (quad * rows + row) * 4); }
INLINE vf scale_at(const uint8_t *x, int row, int rows) { return vf_set(((const float *)(x + BLOCK * rows))[row]); }
INLINE vf min_at(const uint8_t *x, int row, int rows) { return vf_set(((const float *)(x + BLOCK * rows))[rows + row]); }
enum centre { CENTRE_4, CENTRE_8, CENTRE_6_FIRST, CENTRE_6_SECOND };
INLINE vi centre_at(const uint8_t *x, enum centre centre, int row, int rows) {
    return vi_spread(x + (BLOCK + 8 + 4 * centre) * rows + 4 * row);
}

/* the sums of products of a block of bytes */
INLINE void sums_q8(vi *sum, const uint8_t *w, const uint8_t *x, int rows, enum reading reading) {
    prefetch(w, BLOCK * LANES, reading);
    for (int t = 0; t < rows; t++) sum[t] = BYTE_BIAS ? centre_at(x, CENTRE_8, t, rows) : vi_zero();
#if PAIRED_ROWS
    if (rows > 1) {
        pair_sums pairs;
        pairs_begin(&pairs);
        for (int j = 0; j < 8; j += 2)
            pairs_add(&pairs, vi_load(w + j * LANES * 4), vi_load(w + (j + 1) * LANES * 4), x, j, rows);
        pairs_end(sum, &pairs, rows);
        return;
    }
#endif
    for (int j = 0; j < 8; j++) {
        vi quad = vi_load(w + j * LANES * 4);
        for (int t = 0; t < rows; t++)
            sum[t] = dot4(sum[t], quad, quad_at(x, j, t, rows)), vi_keep(sum + t);
    }
}

/* the sums of products of a block of four-bit numbers, or of these less 8 */
INLINE void sums_q4(vi *sum, const uint8_t *w, const uint8_t *x, int centred, int rows, enum reading reading) {
    vi low = vi_set(0x0f0f0f0f);
    prefetch(w, BLOCK / 2 * LANES, reading);
    for (int t = 0; t < rows; t++) sum[t] = centred ? centre_at(x, CENTRE_4, t, rows) : vi_zero();
#if PAIRED_ROWS
    if (rows > 1) {
        pair_sums pairs;
        pairs_begin(&pairs);
        for (int j = 0; j < 4; j += 2) {
            vi a = vi_load(w + j * LANES * 4), b = vi_load(w + (j + 1) * LANES * 4);
            pairs_add(&pairs, vi_and(a, low), vi_and(b, low), x, j, rows);
            pairs_add(&pairs, vi_and(vi_shr16(a, 4), low), vi_and(vi_shr16(b, 4), low), x, 4 + j, rows);
        }
        pairs_end(sum, &pairs, rows);
        return;
    }
#endif
    for (int j = 0; j < 4; j++) {
        vi pair = vi_load(w + j * LANES * 4);
        vi first = vi_and(pair, low), second = vi_and(vi_shr16(pair, 4), low);
        for (int t = 0; t < rows; t++)
            sum[t] = dot4_small(sum[t], first, quad_at(x, j, t, rows)), vi_keep(sum + t);
        for (int t = 0; t < rows; t++)
            sum[t] = dot4_small(sum[t], second, quad_at(x, 4 + j, t, rows)), vi_keep(sum + t);
    }
    for (int t = 0; t < rows; t++) sum[t] = finish4(sum[t]);
}

INLINE void add_scaled(vf *acc, const vi *sum, vf scale, const uint8_t *x, int rows) {
    for (int t = 0; t < rows; t++)
        acc[t] = vf_fma(vf_from_int(sum[t]), vf_mul(scale, scale_at(x, t, rows)), acc[t]);
}

INLINE void group_q4_k(vf *acc, const uint8_t *w, const uint8_t *x, long columns, int rows, enum reading reading) {
    for (long super = 0; super < columns / SUPER; super++) {
        vf d = vf_from_f16((const uint16_t *)w), dmin = vf_from_f16((const uint16_t *)w + LANES);
        const uint8_t *scales = w + 4 * LANES, *mins = w + 12 * LANES;
        w += 20 * LANES;
        for (int i = 0; i < 8; i++) {
            vi sum[TILE];
            sums_q4(sum, w, x, 0, rows, reading);
            add_scaled(acc, sum, vf_mul(d, vf_from_int(vi_from_u8(scales + i * LANES))), x, rows);
            vf min = vf_mul(dmin, vf_from_int(vi_from_u8(mins + i * LANES)));
            for (int t = 0; t < rows; t++) acc[t] = vf_fma(min, min_at(x, t, rows), acc[t]);
            w += BLOCK / 2 * LANES;
            x += ROW_BLOCK_BYTES * rows;
        }
    }
}

/* quad j of the four six-bit ones in the lower or, after the first four, the upper halves of bytes, with two upper bits each */
INLINE vi quad_q6(const uint8_t *low, vi high, int first, int j) {
    vi lower = vi_load(low + j * LANES * 4);
    vi upper = j < 2 ? vi_shl16(high, 4 - 2 * j) : j == 2 ? high : vi_shr16(high, 2);
    return vi_or(vi_and(first ? vi_shr16(lower, 4) : lower, vi_set(0x0f0f0f0f)), vi_and(upper, vi_set(0x30303030)));
}

/* four of a block's quads of six-bit numbers, first 0 or 4: the sums of products with these less 32, times a scale */
INLINE void add_sums_q6(vi *sum, const uint8_t *low, vi high, const int8_t *scales, const uint8_t *x, int first, int rows) {
    vi part[TILE];
    for (int t = 0; t < rows; t++) part[t] = centre_at(x, first ? CENTRE_6_SECOND : CENTRE_6_FIRST, t, rows);
#if PAIRED_ROWS
    if (rows > 1) {
        pair_sums pairs;
        pairs_begin(&pairs);
        for (int j = 0; j < 4; j += 2)
            pairs_add(&pairs, quad_q6(low, high, first, j), quad_q6(low, high, first, j + 1), x, first + j, rows);
        pairs_end(part, &pairs, rows);
    }
#endif
    for (int j = 0; j < 4 && !(PAIRED_ROWS && rows > 1); j++) {
        vi quad = quad_q6(low, high, first, j);
        for (int t = 0; t < rows; t++)
            part[t] = dot4_small(part[t], quad, quad_at(x, first + j, t, rows)), vi_keep(part + t);
    }
    vi scale = scale_lanes(vi_from_s8(scales));
    for (int t = 0; t < rows; t++) sum[t] = vi_add(sum[t], finish6(part[t], scale));
}

INLINE void group_q6_k(vf *acc, const uint8_t *w, const uint8_t *x, long columns, int rows, enum reading reading) {
    for (long super = 0; super < columns / SUPER; super++) {
        vf d = vf_from_f16((const uint16_t *)w);
        const int8_t *scales = (const int8_t *)w + 2 * LANES;
        w += 20 * LANES;
        for (int i = 0; i < 8; i++) {
            vi sum[TILE], high[2] = {vi_load(w), vi_load(w + 4 * LANES)};
            prefetch(w, BLOCK * 3 / 4 * LANES, reading);
            for (int t = 0; t < rows; t++) sum[t] = vi_zero();
            for (int half = 0; half < 2; half++)
                add_sums_q6(sum, w + 8 * LANES, high[half], scales + (2 * i + half) * LANES, x, 4 * half, rows);
            add_scaled(acc, sum, d, x, rows);
            w += BLOCK * 3 / 4 * LANES;
            x += ROW_BLOCK_BYTES * rows;
        }
    }
}

INLINE void group_q2_k(vf *acc, const uint8_t *w, const uint8_t *x, long columns, int rows, enum reading reading) {
    for (long super = 0; super < columns / SUPER; super++) {
        vf d = vf_from_f16((const uint16_t *)w);
        vf min = vf_mul(vf_from_f16((const uint16_t *)w + LANES), vf_set(1.0f / 32)); /* centres are 32 times the sums */
        prefetch(w, (20 + SUPER / 4) * LANES, reading);
        for (int i = 0; i < 8; i++) {
            vi sum[TILE], mins[TILE];
            for (int t = 0; t < rows; t++) sum[t] = mins[t] = vi_zero();
            for (int half = 0; half < 2; half++) {
                vi part[TILE], two = vi_load(w + (20 + (2 * i + half) * 4) * LANES);
                vi both = vi_from_u8(w + (4 + 2 * i + half) * LANES);
                vi scale = scale_lanes(vi_and(both, vi_set(15))), least = scale_lanes(vi_shr(both, 4));
                for (int t = 0; t < rows; t++) part[t] = vi_zero();
                for (int j = 0; j < 4; j++) {
                    vi quad = vi_and(vi_shr(two, 2 * j), vi_set(0x03030303));
                    for (int t = 0; t < rows; t++) part[t] = dot4_small(part[t], quad, quad_at(x, 4 * half + j, t, rows));
                }
                for (int t = 0; t < rows; t++) {
                    vi centre = centre_at(x, half ? CENTRE_6_SECOND : CENTRE_6_FIRST, t, rows);
                    sum[t] = vi_add(sum[t], finish6(part[t], scale));
                    mins[t] = vi_add(mins[t], finish6(centre, least));
                }
            }
            add_scaled(acc, sum, d, x, rows);
            add_scaled(acc, mins, min, x, rows);
            x += ROW_BLOCK_BYTES * rows;
        }
        w += (20 + SUPER / 4) * LANES;
    }
}

INLINE void group_bytes_with_mins(vf *acc, const uint8_t *w, const uint8_t *x, long columns, int rows, enum reading reading) {
    for (long b = 0; b < columns / BLOCK; b++) {
        vi sum[TILE];
        vf scale = vf_load((const float *)w), min = vf_load((const float *)w + LANES);
        sums_q8(sum, w + 8 * LANES, x, rows, reading);
        add_scaled(acc, sum, scale, x, rows);
        for (int t = 0; t < rows; t++) acc[t] = vf_fma(min, min_at(x, t, rows), acc[t]);
        w += (8 + BLOCK) * LANES;
        x += ROW_BLOCK_BYTES * rows;
    }
}

/*
 * Formats that store two blocks together: neighbouring groups, each a stretch of memory that is read beside the others, times panels
 * that lie some bytes apart. Panels take turns at each block, so that weights come from memory while all of them compute.
 */
INLINE void groups_of_pairs(enum kind kind, vf *acc, const uint8_t *w, long bytes, const uint8_t *x, long apart, long columns, int groups,
                            int panels, int rows, enum reading reading) {
    long numbers = (kind == KIND_Q8_0 ? BLOCK : BLOCK / 2) * LANES;
    for (long b = 0; b < columns / BLOCK; b += 2) {
        for (int half = 0; half < 2; half++) {
            for (int g = 0; g < groups; g++) {
                const uint8_t *pair = w + g * bytes, *block = pair + 4 * LANES + half * numbers;
                vf scale = vf_from_f16((const uint16_t *)pair + half * LANES);
                for (int p = 0; p < panels; p++) {
                    vi sum[TILE];
                    if (kind == KIND_Q8_0) sums_q8(sum, block, x + p * apart, rows, reading);
                    else sums_q4(sum, block, x + p * apart, 1, rows, reading);
                    add_scaled(acc + (g * panels + p) * rows, sum, scale, x + p * apart, rows);
                }
            }
            x += ROW_BLOCK_BYTES * rows;
        }
        w += 4 * LANES + 2 * numbers;
    }
}

/*
 * out [panels * rows, groups * LANES]; columns are a multiple of what the kind stores together; groups, panels and rows are constants,
 * more than one group or panel where two blocks are stored together only
 */
INLINE void product(enum kind kind, const uint8_t *w, long bytes, const uint8_t *x, float *out, long n, long columns, long count,
                    int groups, int panels, int rows, enum reading reading) {
    vf acc[2 * TILE];
    for (int t = 0; t < groups * panels * rows; t++) acc[t] = vf_zero();
    switch (kind) {
        case KIND_Q4_K: group_q4_k(acc, w, x, columns, rows, reading); break;
        case KIND_Q6_K: group_q6_k(acc, w, x, columns, rows, reading); break;
        case KIND_Q2_K: group_q2_k(acc, w, x, columns, rows, reading); break;
        case KIND_BYTES: group_bytes_with_mins(acc, w, x, columns, rows, reading); break;
        default: groups_of_pairs(kind, acc, w, bytes, x, rows * row_bytes(columns), columns, groups, panels, rows, reading);
    }
    for (int g = 0; g < groups; g++)
        for (int t = 0; t < panels * rows; t++)
            vf_store_some(out + t * n + g * LANES, acc[g * panels * rows + t], count - g * LANES);
}

/* few rows, some groups at a time as far as they go; returns the column behind them */
INLINE long few_rows(enum kind kind, const uint8_t *w, long bytes, const uint8_t *x, float *out, long n, long columns, long from, long to,
                     int rows) {
    int groups = kind == KIND_Q8_0 || kind == KIND_Q4_0 ? STRETCHES(rows) : 1;
    enum reading reading = rows <= 2 ? READ_FEW_ROWS : READ_MANY_ROWS;
    for (; from + (groups - 1) * LANES < to; from += groups * LANES)
        product(kind, w + from / LANES * bytes, bytes, x, out + from, n, columns, n - from, groups, 1, rows, reading);
    return from;
}

/* columns [from, to) of out = x . w^T; from is a multiple of LANES */
INLINE void multiply(enum kind kind, const uint8_t *w, const uint8_t *x, float *out, long rows, long n, long k,
                     long from, long to) {
    long columns = kind == KIND_BYTES ? k : round_up(k, PAIR), bytes = group_bytes(kind, k), row_size = row_bytes(k);
    long tiled_rows = 0, tiled_to = from;
#if SIGNS_APART
    if ((kind == KIND_Q8_0 || kind == KIND_BYTES) && rows >= LEAST_TILED_ROWS) {
        tiled_rows = rows / PANEL * PANEL;
        tiled_to = from + ((to < n ? to : n) - from) / (TILE_GROUPS * LANES) * (TILE_GROUPS * LANES);
        multiply_tiles(kind, w, x, out, tiled_rows, n, columns, row_size, bytes, from, tiled_to);
    }
#endif
    long first = from;
    switch (rows) {
        case 1: first = few_rows(kind, w, bytes, x, out, n, columns, first, to, 1); break;
        case 2: first = few_rows(kind, w, bytes, x, out, n, columns, first, to, 2); break;
        case 4: first = few_rows(kind, w, bytes, x, out, n, columns, first, to, 4); break;
    }
#define PANELS(count, rows) product(kind, group, bytes, from_x, to_out, n, columns, n - first, 1, count, rows, READ_MANY_ROWS)
    for (; first < to; first += LANES) {
        const uint8_t *group = w + first / LANES * bytes;
        int taken;
        for (long row = first < tiled_to ? tiled_rows : 0; row < rows; row += taken) {
            const uint8_t *from_x = x + row * row_size;
            float *to_out = out + row * n + first;
            taken = panel_rows(rows - row);
            if (TWO_PANELS && (kind == KIND_Q8_0 || kind == KIND_Q4_0) && rows - row >= 2 * TILE) {
                PANELS(2, TILE);
                taken = 2 * TILE;
                continue;
            }
            switch (taken) {
                case 8: PANELS(1, 8); break;
                case 4: PANELS(1, 4); break;
                case 2: PANELS(1, 2); break;
                case 1: PANELS(1, 1); break;
#if !PAIRED_ROWS
                case 7: PANELS(1, 7); break;
                case 6: PANELS(1, 6); break;
                case 5: PANELS(1, 5); break;
                case 3: PANELS(1, 3); break;
#endif
            }
        }
    }
#undef PANELS
}

/*
 * out [rows, n] = x . w^T for its columns [from, to)
 *   w packed [n, k] as kind, a quantised one; x panels of quantised rows
 */
void KERNEL(matmul_int8)(long kind, const uint8_t *w, const uint8_t *x, float *out, long rows, long n, long k, long from, long to) {
    switch ((enum kind)kind) {
        case KIND_Q8_0: multiply(KIND_Q8_0, w, x, out, rows, n, k, from, to); break;
        case KIND_Q4_0: multiply(KIND_Q4_0, w, x, out, rows, n, k, from, to); break;
        case KIND_Q4_K: multiply(KIND_Q4_K, w, x, out, rows, n, k, from, to); break;
        case KIND_Q6_K: multiply(KIND_Q6_K, w, x, out, rows, n, k, from, to); break;
        case KIND_Q2_K: multiply(KIND_Q2_K, w, x, out, rows, n, k, from, to); break;
        default: multiply(KIND_BYTES, w, x, out, rows, n, k, from, to);
    }
}
