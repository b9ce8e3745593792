/* From rows of weights as files have them to groups of LANES rows as matrix products read them. */
#include "formats.h"

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

/* block b of a row, its scale and numbers, in the layout of Q8_0 */
static void put_q8_0(uint8_t *group, int lane, long b, const uint8_t *scale, const int8_t *numbers) {
    uint8_t *pair = group + b / 2 * (4 + 2 * BLOCK) * LANES;
    memcpy(pair + ((b & 1) * LANES + lane) * 2, scale, 2);
    uint8_t *bytes = pair + 4 * LANES + (b & 1) * BLOCK * LANES;
    for (int c = 0; c < BLOCK; c++) bytes[(c / 4 * LANES + lane) * 4 + c % 4] = (uint8_t)numbers[c] ^ STORED_BIAS;
}

/* the number of column c of a block that stores the lower halves of bytes before the upper ones */
INLINE int nibble(const uint8_t *bytes, int c) { return c < 16 ? bytes[c] & 15 : bytes[c - 16] >> 4; }

INLINE int fifth_bit(const uint8_t *four, int c) { return (four[c / 8] >> c % 8 & 1) << 4; }

/* numbers of block b of a row in one of the formats that are signed bytes times a scale */
static void signed_numbers(enum file file, const uint8_t *block, int8_t *numbers) {
    static const int8_t iq4_nl[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    for (int c = 0; c < BLOCK; c++) {
        if (file == FILE_Q8_0) numbers[c] = (int8_t)block[2 + c];
        else if (file == FILE_Q5_0) numbers[c] = (int8_t)((nibble(block + 6, c) | fifth_bit(block + 2, c)) - 16);
        else numbers[c] = iq4_nl[nibble(block + 2, c)];
    }
}

static void pack_q8_0(enum file file, uint8_t *group, const uint8_t *row, int lane, long k) {
    int8_t numbers[BLOCK];
    for (long b = 0; b < k / BLOCK; b++, row += formats[file].bytes) {
        signed_numbers(file, row, numbers);
        put_q8_0(group, lane, b, row, numbers);
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

static void put_q6_k(uint8_t *group, int lane, const uint8_t *d, const int8_t *scales, const uint8_t *numbers) {
    memcpy(group + lane * 2, d, 2);
    for (int i = 0; i < 16; i++) group[(2 + i) * LANES + lane] = (uint8_t)scales[i];
    for (int i = 0; i < SUPER; i++) {
        int c = i % BLOCK, quad = c / 4;
        uint8_t *high = group + (20 + i / BLOCK * (BLOCK * 3 / 4)) * LANES, *low = high + BLOCK / 4 * LANES;
        low[(quad % 4 * LANES + lane) * 4 + c % 4] |= (uint8_t)((numbers[i] & 15) << (quad < 4 ? 0 : 4));
        high[(quad / 4 * LANES + lane) * 4 + c % 4] |= (uint8_t)((numbers[i] >> 4) << quad % 4 * 2);
    }
}

static void pack_q6_k(uint8_t *group, const uint8_t *row, int lane, long k) {
    for (long super = 0; super < k / SUPER; super++, row += 210, group += (20 + SUPER * 3 / 4) * LANES) {
        uint8_t numbers[SUPER];
        for (int i = 0; i < SUPER; i++) {
            /* 128 columns share 64 bytes of lower bits, four quarters of 32, and 32 bytes of upper ones */
            int half = i / 128, quarter = i % 128 / 32, l = i % 32;
            int low = row[half * 64 + quarter % 2 * 32 + l] >> (quarter < 2 ? 0 : 4) & 15;
            numbers[i] = (uint8_t)(low | (row[128 + half * 32 + l] >> 2 * quarter & 3) << 4);
        }
        put_q6_k(group, lane, row + 208, (const int8_t *)row + 192, numbers);
    }
}

/* three bits and six-bit scales, each less a constant: what Q6_K's layout holds too */
static void pack_q3_k(uint8_t *group, const uint8_t *row, int lane, long k) {
    for (long super = 0; super < k / SUPER; super++, row += 110, group += (20 + SUPER * 3 / 4) * LANES) {
        uint8_t numbers[SUPER];
        int8_t scales[16];
        const uint8_t *mask = row, *bits = row + 32, *twelve = row + 96;
        for (int i = 0; i < 16; i++) {
            int low = i < 8 ? twelve[i] & 15 : twelve[i - 8] >> 4;
            scales[i] = (int8_t)((low | (twelve[8 + i % 4] >> i / 4 * 2 & 3) << 4) - 32);
        }
        for (int i = 0; i < SUPER; i++) {
            int half = i / 128, quarter = i % 128 / 32, l = i % 32;
            int two = bits[half * 32 + l] >> 2 * quarter & 3, third = mask[l] >> (half * 4 + quarter) & 1;
            numbers[i] = (uint8_t)(32 + two - (third ? 0 : 4));
        }
        put_q6_k(group, lane, row + 108, scales, numbers);
    }
}

static void pack_q2_k(uint8_t *group, const uint8_t *row, int lane, long k) {
    for (long super = 0; super < k / SUPER; super++, row += 84, group += (20 + SUPER / 4) * LANES) {
        memcpy(group + lane * 2, row + 80, 2);
        memcpy(group + (LANES + lane) * 2, row + 82, 2);
        for (int i = 0; i < 16; i++) group[(4 + i) * LANES + lane] = row[i];
        for (int i = 0; i < SUPER; i++) {
            int two = row[16 + i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
            group[20 * LANES + (i / 16 * LANES + lane) * 4 + i % 4] |= (uint8_t)(two << i % 16 / 4 * 2);
        }
    }
}

INLINE float half_at(const uint8_t *p) {
    uint16_t lanes[LANES] = {0};
    float value[LANES];
    memcpy(lanes, p, 2);
    vf_store(value, vf_from_f16(lanes));
    return value[0];
}

/* block b of a row, numbers, scale and min, in one of the formats that have mins */
static void with_min(enum file file, const uint8_t *row, long b, int8_t *numbers, float *scale, float *min) {
    if (file == FILE_Q5_K) {
        const uint8_t *super = row + b / 8 * 176;
        int i = (int)(b % 8);
        uint8_t s, m;
        scale_min(super + 4, i, &s, &m);
        *scale = half_at(super) * (float)s;
        *min = half_at(super + 2) * (float)m;
        for (int c = 0; c < BLOCK; c++)
            numbers[c] = (int8_t)((super[48 + i / 2 * 32 + c] >> i % 2 * 4 & 15) | (super[16 + c] >> i & 1) << 4);
        return;
    }
    const uint8_t *block = row + b * formats[file].bytes;
    *scale = half_at(block);
    *min = -half_at(block + 2);
    for (int c = 0; c < BLOCK; c++)
        numbers[c] = (int8_t)(file == FILE_Q4_1 ? nibble(block + 4, c) : nibble(block + 8, c) | fifth_bit(block + 4, c));
}

static void pack_bytes(enum file file, uint8_t *group, const uint8_t *row, int lane, long k) {
    for (long b = 0; b < k / BLOCK; b++, group += (8 + BLOCK) * LANES) {
        int8_t numbers[BLOCK];
        float scale, min;
        with_min(file, row, b, numbers, &scale, &min);
        memcpy(group + lane * 4, &scale, 4);
        memcpy(group + (LANES + lane) * 4, &min, 4);
        for (int c = 0; c < BLOCK; c++)
            group[(8 + c / 4 * 4) * LANES + lane * 4 + c % 4] = (uint8_t)numbers[c] ^ STORED_BIAS;
    }
}

/*
 * packs the groups that hold rows [from, to) of a matrix [n, k]; from is a multiple of LANES, and to is one or n
 *   rows   these rows as a file has them
 *   packed group_bytes each, zeroed
 */
void KERNEL(pack)(long file, uint8_t *packed, const uint8_t *rows, long k, long from, long to) {
    enum kind kind = formats[file].kind;
    long file_bytes = k / formats[file].columns * formats[file].bytes, bytes = group_bytes(kind, k);
    for (long row = from; row < to; row++, rows += file_bytes) {
        uint8_t *group = packed + row / LANES * bytes;
        int lane = (int)(row % LANES);
        switch ((enum file)file) {
            case FILE_F32:
            case FILE_F16:
            case FILE_BF16: pack_plain(kind, group, rows, lane, k); break;
            case FILE_Q8_0:
            case FILE_Q5_0:
            case FILE_IQ4_NL: pack_q8_0((enum file)file, group, rows, lane, k); break;
            case FILE_Q4_0: pack_q4_0(group, rows, lane, k); break;
            case FILE_Q4_K: pack_q4_k(group, rows, lane, k); break;
            case FILE_Q6_K: pack_q6_k(group, rows, lane, k); break;
            case FILE_Q3_K: pack_q3_k(group, rows, lane, k); break;
            case FILE_Q2_K: pack_q2_k(group, rows, lane, k); break;
            case FILE_Q4_1:
            case FILE_Q5_1:
            case FILE_Q5_K: pack_bytes((enum file)file, group, rows, lane, k); break;
        }
    }
}

/* bytes that a packed matrix [n, k] takes */
long KERNEL(packed_bytes)(long file, long n, long k) {
    return round_up(n, LANES) / LANES * group_bytes(formats[file].kind, k);
}
