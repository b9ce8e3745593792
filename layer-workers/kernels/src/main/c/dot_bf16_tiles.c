/*
 * BF16 weights times BF16 activations in tile registers. A row's sum with a row of weights runs over steps of 32 columns: within one, the
 * CPU sums the even and the odd columns apart and adds both to what there is. So it depends on no other row, and few rows
 * use what many use. Products are exact; numbers below 2^-126 count as zero.
 */
#include "amx.h"
#include "reading.h"
#include "twelve.h"

#if TILES
#define STEP 32
#define STEP_BYTES (STEP * LANES * 2)

/* sums in 0..3, rows in 4 and 5, weights in 6 and 7; the second rows are fewer where count is below two tiles' */
INLINE void begin(long count) {
    tile_shapes shapes = {.palette = 1};
    long first = count < TILE_PANEL ? count : TILE_PANEL, second = count - first < TILE_PANEL ? count - first : TILE_PANEL;
    for (int tile = 0; tile < 8; tile++)
        shape(&shapes, tile, tile >= 6 ? STEP / 2 : tile == 2 || tile == 3 || tile == 5 ? (second ? second : 1) : first, 64);
    tiles_begin(&shapes);
}

/* adds the products of 32 columns; w is one step of the first group, the second's lies `bytes` behind */
INLINE void step(const uint8_t *w, long bytes, const uint8_t *x, long stride, int groups, int row_tiles) {
    tile_load(4, x, stride);
    tile_load(6, w, 64);
    tile_dot_bf16(0, 4, 6);
    if (groups > 1) {
        tile_load(7, w + bytes, 64);
        tile_dot_bf16(1, 4, 7);
    }
    if (row_tiles > 1) {
        tile_load(5, x + TILE_PANEL * stride, stride);
        tile_dot_bf16(2, 5, 6);
        if (groups > 1) tile_dot_bf16(3, 5, 7);
    }
}

/* the last columns where they are no whole step: behind the rows there are zeros, behind the weights is anything */
INLINE void last_step(const uint8_t *w, long bytes, const uint8_t *x, long stride, long columns, int groups, int row_tiles) {
    uint8_t filled[2][STEP_BYTES] __attribute__((aligned(64))) = {{0}};
    for (int g = 0; g < groups; g++) memcpy(filled[g], w + g * bytes, (columns + 1) / 2 * LANES * 4);
    step(filled[0], STEP_BYTES, x, stride, groups, row_tiles);
}

/* rows of a tile of sums to out, as far as there are rows and columns */
INLINE void put(const float *sums, float *out, long n, long rows, long columns) {
    for (long t = 0; t < rows && t < TILE_PANEL; t++) vf_store_some(out + t * n, vf_load(sums + t * LANES), columns);
}

/* out [rows, groups * LANES] of at most two tiles of rows; both counts of tiles are constants */
INLINE void product(const uint8_t *w, long bytes, const uint8_t *x, long stride, float *out, long rows, long n, long k, long columns,
                    int groups, int row_tiles) {
    float sums[4][TILE_PANEL * LANES] __attribute__((aligned(64)));
    tile_zero(0);
    if (groups > 1) tile_zero(1);
    if (row_tiles > 1) tile_zero(2);
    if (groups > 1 && row_tiles > 1) tile_zero(3);
    for (long from = 0; from + STEP <= k; from += STEP) {
        const uint8_t *at = w + from * LANES * 2;
        if (row_tiles == 1)
            for (int g = 0; g < groups; g++) prefetch(at + g * bytes, STEP_BYTES, READ_MANY_ROWS);
        step(at, bytes, x + from * 2, stride, groups, row_tiles);
    }
    long whole = k / STEP * STEP;
    if (whole < k) last_step(w + whole * LANES * 2, bytes, x + whole * 2, stride, k - whole, groups, row_tiles);
    tile_store(0, sums[0]);
    if (groups > 1) tile_store(1, sums[1]);
    if (row_tiles > 1) tile_store(2, sums[2]);
    if (groups > 1 && row_tiles > 1) tile_store(3, sums[3]);
    for (int t = 0; t < row_tiles; t++)
        for (int g = 0; g < groups; g++)
            put(sums[2 * t + g], out + t * TILE_PANEL * n + g * LANES, n, rows - t * TILE_PANEL, columns - g * LANES);
}

INLINE void rows_of(const uint8_t *w, const uint8_t *x, long stride, float *out, long rows, long n, long k, long from, long to,
                    int row_tiles) {
    long bytes = group_bytes(KIND_BF16, k), first = from;
    for (; first + LANES < to; first += 2 * LANES)
        product(w + first / LANES * bytes, bytes, x, stride, out + first, rows, n, k, n - first, 2, row_tiles);
    if (first < to)
        product(w + first / LANES * bytes, bytes, x, stride, out + first, rows, n, k, n - first, 1, row_tiles);
}

/*
 * out [rows, n] = x . w^T for its columns [from, to)
 *   w packed [n, k] BF16; x rows of BF16, x_stride bytes apart, with zeros behind the last column to the end of its 64 bytes
 */
void KERNEL(matmul_bf16)(const uint8_t *w, const uint8_t *x, long x_stride, float *out, long rows, long n, long k, long from,
                         long to) {
    for (long row = 0; row < rows; row += 2 * TILE_PANEL) {
        long count = rows - row < 2 * TILE_PANEL ? rows - row : 2 * TILE_PANEL;
        if (row == 0 || count < 2 * TILE_PANEL) begin(count);
        if (count > TILE_PANEL) rows_of(w, x + row * x_stride, x_stride, out + row * n, count, n, k, from, to, 2);
        else rows_of(w, x + row * x_stride, x_stride, out + row * n, count, n, k, from, to, 1);
    }
    tiles_end();
}

/* Weights in twelve bits: steps of two groups that are unpacked at once for many rows, whose sums wait in memory meanwhile. */
#define PIECE_STEPS 8
#define SHARING_ROWS 384
#define PIECE_BYTES (PIECE_STEPS * STEP_BYTES)

/* the sums of two tiles of rows and two groups */
typedef float block_sums[4][TILE_PANEL * LANES] __attribute__((aligned(64)));

/* unpacks columns [from, from + count) of a group and asks for as many more */
INLINE void unpack_steps(vi *to, const struct twelve *m, const uint8_t *group, long from, long count, const uint32_t **patch) {
    for (long unit = from / UNIT; unit * UNIT < from + count; unit++, to += UNIT_VECTORS) {
        const uint8_t *packed = group + unit * UNIT_BYTES;
        for (int i = 0; i < UNIT_BYTES; i += 64) __builtin_prefetch(packed + PIECE_STEPS * STEP / UNIT * UNIT_BYTES + i, 0, 2);
        if (patched_unit(**patch) == unit) unpack_patched(packed, m->exponents, to, unit, patch);
        else unpack(packed, m->exponents, to);
    }
}

/* adds the products of count columns to the sums of at most two tiles of rows; both counts of tiles are constants */
INLINE void add_piece(const uint8_t *w, const uint8_t *x, long stride, block_sums *sums, long count, int first, int groups, int row_tiles) {
    if (first) tile_zero(0);
    else tile_load(0, (*sums)[0], 64);
    if (groups > 1 && first) tile_zero(1);
    else if (groups > 1) tile_load(1, (*sums)[1], 64);
    if (row_tiles > 1 && first) tile_zero(2);
    else if (row_tiles > 1) tile_load(2, (*sums)[2], 64);
    if (groups > 1 && row_tiles > 1 && first) tile_zero(3);
    else if (groups > 1 && row_tiles > 1) tile_load(3, (*sums)[3], 64);
    long from = 0;
    for (; from + STEP <= count; from += STEP) step(w + from * LANES * 2, PIECE_BYTES, x + from * 2, stride, groups, row_tiles);
    if (from < count) last_step(w + from * LANES * 2, PIECE_BYTES, x + from * 2, stride, count - from, groups, row_tiles);
    tile_store(0, (*sums)[0]);
    if (groups > 1) tile_store(1, (*sums)[1]);
    if (row_tiles > 1) tile_store(2, (*sums)[2]);
    if (groups > 1 && row_tiles > 1) tile_store(3, (*sums)[3]);
}

/* rows, at most SHARING_ROWS and whole blocks of row_tiles tiles or fewer than one, with one or two groups */
INLINE void twelve_block(const struct twelve *m, long group, const uint8_t *x, long stride, float *out, long rows, long n, long k, int groups,
                         int row_tiles) {
    block_sums sums[SHARING_ROWS / (2 * TILE_PANEL)];
    vi numbers[2][PIECE_BYTES / sizeof(vi)];
    const uint32_t *patch[2];
    for (int g = 0; g < groups; g++) patch[g] = m->patches + m->first[group + g];
    for (long from = 0; from < k; from += PIECE_STEPS * STEP) {
        long count = k - from < PIECE_STEPS * STEP ? k - from : PIECE_STEPS * STEP;
        for (int g = 0; g < groups; g++) unpack_steps(numbers[g], m, m->groups + (group + g) * m->bytes, from, count, &patch[g]);
        for (long row = 0; row < rows; row += 2 * TILE_PANEL)
            add_piece((const uint8_t *)numbers, x + row * stride + from * 2, stride, sums + row / (2 * TILE_PANEL), count, from == 0, groups,
                      row_tiles);
    }
    for (long row = 0; row < rows; row += 2 * TILE_PANEL)
        for (int t = 0; t < row_tiles; t++)
            for (int g = 0; g < groups; g++)
                put(sums[row / (2 * TILE_PANEL)][2 * t + g], out + (row + t * TILE_PANEL) * n + (group + g) * LANES, n,
                    rows - row - t * TILE_PANEL, n - (group + g) * LANES);
}

INLINE void twelve_rows(const struct twelve *m, const uint8_t *x, long stride, float *out, long rows, long n, long k, long from, long to,
                        int row_tiles) {
    long first = from;
    for (; first + LANES < to; first += 2 * LANES) twelve_block(m, first / LANES, x, stride, out, rows, n, k, 2, row_tiles);
    if (first < to) twelve_block(m, first / LANES, x, stride, out, rows, n, k, 1, row_tiles);
}

/* as matmul_bf16, with the same bits; w packed [n, k] BF16 in twelve bits */
void KERNEL(matmul_twelve_bf16)(const uint8_t *w, const uint8_t *x, long x_stride, float *out, long rows, long n, long k, long from,
                                long to) {
    struct twelve m = twelve_of(w, n, k);
    for (long row = 0, count; row < rows; row += count) {
        long left = rows - row;
        /* blocks of two whole tiles go together, since all have the same shapes; the last rows have their own */
        count = left < 2 * TILE_PANEL ? left : left < SHARING_ROWS ? left / (2 * TILE_PANEL) * (2 * TILE_PANEL) : SHARING_ROWS;
        begin(count);
        if (count > TILE_PANEL) twelve_rows(&m, x + row * x_stride, x_stride, out + row * n, count, n, k, from, to, 2);
        else twelve_rows(&m, x + row * x_stride, x_stride, out + row * n, count, n, k, from, to, 1);
    }
    tiles_end();
}
#endif
