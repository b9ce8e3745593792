/* From rows of weights as files have them to groups of LANES rows as matrix products read them. */
#include "layout.h"

/* bytes of one row of k weights in a file */
static long file_row_bytes(enum kind kind, long k) {
    switch (kind) {
        case KIND_F32: return k * 4;
        case KIND_F16:
        case KIND_BF16: return k * 2;
        case KIND_Q8_0: return k / BLOCK * 34;
        case KIND_Q4_0: return k / BLOCK * 18;
        case KIND_Q4_K: return k / SUPER * 144;
    }
    return 0;
}

/* where column c of lane lies in a group of plain weights, in elements */
INLINE long plain_at(enum kind kind, long c, int lane) {
    return kind == KIND_BF16 && PAIRED_BF16 ? ((c >> 1) * LANES + lane) * 2 + (c & 1) : c * LANES + lane;
}

static void pack_plain(enum kind kind, uint8_t *group, const uint8_t *row, int lane, long k) {
    if (kind == KIND_F32) {
        for (long c = 0; c < k; c++) memcpy(group + plain_at(kind, c, lane) * 4, row + c * 4, 4);
    } else {
        for (long c = 0; c < k; c++) memcpy(group + plain_at(kind, c, lane) * 2, row + c * 2, 2);
    }
}

static void pack_q8_0(uint8_t *group, const uint8_t *row, int lane, long k) {
    for (long b = 0; b < k / BLOCK; b++, row += 34) {
        uint8_t *pair = group + b / 2 * (4 + 2 * BLOCK) * LANES;
        memcpy(pair + ((b & 1) * LANES + lane) * 2, row, 2);
        uint8_t *bytes = pair + 4 * LANES + (b & 1) * BLOCK * LANES;
        for (int quad = 0; quad < 8; quad++)
            for (int i = 0; i < 4; i++) bytes[(quad * LANES + lane) * 4 + i] = row[2 + 4 * quad + i] ^ BYTE_BIAS;
    }
}

static void pack_q4_0(uint8_t *group, const uint8_t *row, int lane, long k) {
    for (long b = 0; b < k / BLOCK; b++, row += 18) {
        uint8_t *pair = group + b / 2 * (4 + BLOCK) * LANES;
        memcpy(pair + ((b & 1) * LANES + lane) * 2, row, 2);
        uint8_t *numbers = pair + 4 * LANES + (b & 1) * BLOCK / 2 * LANES;
        for (int j = 0; j < 4; j++) memcpy(numbers + (j * LANES + lane) * 4, row + 2 + 4 * j, 4);
    }
}

/* the six-bit scale and min of block i, as the file's twelve bytes hold them */
static void scale_min(const uint8_t *twelve, int i, uint8_t *scale, uint8_t *min) {
    if (i < 4) {
        *scale = twelve[i] & 63;
        *min = twelve[i + 4] & 63;
    } else {
        *scale = (twelve[i + 4] & 15) | (twelve[i - 4] >> 6) << 4;
        *min = (twelve[i + 4] >> 4) | (twelve[i] >> 6) << 4;
    }
}

static void pack_q4_k(uint8_t *group, const uint8_t *row, int lane, long k) {
    for (long super = 0; super < k / SUPER; super++, row += 144, group += (20 + SUPER / 2) * LANES) {
        memcpy(group + lane * 2, row, 2);
        memcpy(group + (LANES + lane) * 2, row + 2, 2);
        uint8_t *numbers = group + 20 * LANES;
        for (int i = 0; i < 8; i++) {
            scale_min(row + 4, i, group + (4 + i) * LANES + lane, group + (12 + i) * LANES + lane);
            /* 64 columns share 32 bytes: the even block has the lower halves, the odd one the upper */
            const uint8_t *file = row + 16 + i / 2 * 32;
            int shift = i % 2 * 4;
            for (int j = 0; j < 4; j++)
                for (int c = 0; c < 4; c++) {
                    int first = file[4 * j + c] >> shift & 15, second = file[16 + 4 * j + c] >> shift & 15;
                    numbers[((i * 4 + j) * LANES + lane) * 4 + c] = (uint8_t)(first | second << 4);
                }
        }
    }
}

/*
 * packs the groups that hold rows [from, to) of a matrix [n, k]; from is a multiple of LANES, and to is one or n
 *   rows   the matrix as a file has it
 *   packed group_bytes each, zeroed
 */
void KERNEL(pack)(long kind, uint8_t *packed, const uint8_t *rows, long k, long from, long to) {
    long file_bytes = file_row_bytes((enum kind)kind, k), bytes = group_bytes((enum kind)kind, k);
    for (long row = from; row < to; row++) {
        uint8_t *group = packed + row / LANES * bytes;
        const uint8_t *file = rows + row * file_bytes;
        int lane = (int)(row % LANES);
        switch (kind) {
            case KIND_Q8_0: pack_q8_0(group, file, lane, k); break;
            case KIND_Q4_0: pack_q4_0(group, file, lane, k); break;
            case KIND_Q4_K: pack_q4_k(group, file, lane, k); break;
            default: pack_plain((enum kind)kind, group, file, lane, k);
        }
    }
}

/* bytes that a packed matrix [n, k] takes */
long KERNEL(packed_bytes)(long kind, long n, long k) {
    return round_up(n, LANES) / LANES * group_bytes((enum kind)kind, k);
}
