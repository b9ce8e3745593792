/* From rows of BF16 weights as files have them to twelve bits a number (twelve.h). */
#include "twelve.h"

/* counts the exponents of count numbers; four tables, since a number is often like the one before it */
void KERNEL(count_exponents)(int64_t *counts, const uint16_t *numbers, long count) {
    uint32_t tables[4][256] = {{0}};
    for (long i = 0; i < count; i++) tables[i & 3][numbers[i] >> 7 & 255]++;
    for (int e = 0; e < 256; e++) counts[e] += (int64_t)tables[0][e] + tables[1][e] + tables[2][e] + tables[3][e];
}

/* bytes that a packed matrix [n, k] takes with so many patches; 0 where places in a group are too many for one */
long KERNEL(twelve_bytes)(long n, long k, long patches) {
    if (round_up(k, UNIT) * LANES >= 0xffffff - UNIT_NUMBERS || patches + twelve_groups(n) >= NO_PATCH) return 0;
    return twelve_groups_bytes(n, k) + TABLE_BYTES + (2 * twelve_groups(n) + patches) * 4;
}

/* a unit of a group: numbers [pair][row][2] */
INLINE void gather(uint32_t *pairs, const uint8_t *rows, long row_bytes, long count, long columns) {
    for (long row = 0; row < count; row++) {
        const uint8_t *from = rows + row * row_bytes;
        uint32_t four[UNIT_VECTORS] = {0};
        memcpy(four, from, columns * 2);
        for (int pair = 0; pair < UNIT_VECTORS; pair++) pairs[pair * LANES + row] = four[pair];
    }
}

/* takes numbers apart: bytes of [mantissa 7][sign 1 of the pair's other number], and exponents, in the order that zips undo */
INLINE void take_apart(const uint32_t *pairs, uint8_t *rest, uint8_t *exponents) {
    for (int vector = 0; vector < UNIT_VECTORS; vector++)
        for (int part = 0; part < LANES / 4; part++) {
            long at = vector / 2 * LANES * 4 + part * 16 + vector % 2 * 8;
            const uint32_t *from = pairs + vector * LANES + part * 4;
            for (int i = 0; i < 4; i++) {
                uint32_t rotated = from[i] << 1 | from[i] >> 31;
                rest[at + 2 * i] = (uint8_t)rotated;
                exponents[at + 2 * i] = (uint8_t)(rotated >> 8);
                rest[at + 2 * i + 1] = (uint8_t)(rotated >> 16);
                exponents[at + 2 * i + 1] = (uint8_t)(rotated >> 24);
            }
        }
}

/* indices of exponents, 16 where there is none; says whether that is so anywhere */
INLINE int find(const uint8_t *table, const uint8_t *exponents, uint8_t *indices) {
    uint8_t any = 0;
    memset(indices, 16, UNIT_NUMBERS);
    for (int index = 0; index < 16; index++)
        for (int i = 0; i < UNIT_NUMBERS; i++) indices[i] = exponents[i] == table[index] ? (uint8_t)index : indices[i];
    for (int i = 0; i < UNIT_NUMBERS; i++) any |= indices[i];
    return any >> 4;
}

/* where in the unpacked unit the number of byte i is */
INLINE int place(int i) {
    int in_pair = i % (LANES * 4), vector = i / (LANES * 4) * 2 + in_pair % 16 / 8;
    return vector * LANES * 2 + in_pair / 16 * 8 + in_pair % 8;
}

/* patches of a unit of some rows and columns, for all that has no index, which becomes 0; what fills it up is never used */
static uint32_t *patch_unit(uint32_t *patch, long unit, const uint8_t *exponents, uint8_t *indices, long rows, long columns) {
    for (int i = 0; i < UNIT_NUMBERS; i++)
        if (indices[i] == 16) {
            int at = place(i), pair = at / (2 * LANES);
            if (at / 2 % LANES < rows && 2 * pair + at % 2 < columns)
                *patch++ = (uint32_t)(unit * UNIT_NUMBERS + at) << 8 | exponents[i];
            indices[i] = 0;
        }
    return patch;
}

/* a group of count rows; returns where the next group's patches begin */
static uint32_t *pack_group(uint8_t *group, const uint8_t *rows, const uint8_t *table, long count, long k, uint32_t *patch) {
    uint32_t pairs[UNIT_VECTORS * LANES] = {0};
    uint8_t exponents[UNIT_NUMBERS], indices[UNIT_NUMBERS];
    for (long c = 0; c < k; c += UNIT, group += UNIT_BYTES) {
        if (k - c >= UNIT) gather(pairs, rows + c * 2, k * 2, count, UNIT);
        else gather(pairs, rows + c * 2, k * 2, count, k - c);
        take_apart(pairs, group + LANES * 4, exponents);
        if (find(table, exponents, indices)) patch = patch_unit(patch, c / UNIT, exponents, indices, count, k - c);
        for (int i = 0; i < LANES * 4; i++) group[i] = (uint8_t)(indices[i] | indices[LANES * 4 + i] << 4);
    }
    *patch++ = NO_PATCH;
    return patch;
}

/*
 * packs the groups that hold rows [from, to) of a matrix [n, k]; from is a multiple of LANES, and to is one or n
 *   rows   these rows as a file has them
 *   table  16 exponents
 *   before patches of the rows before these
 */
void KERNEL(pack_twelve)(uint8_t *packed, const uint8_t *rows, const uint8_t *table, long n, long k, long from, long to, long before) {
    uint8_t *behind = packed + twelve_groups_bytes(n, k);
    uint32_t *first = (uint32_t *)(behind + TABLE_BYTES), *patches = first + twelve_groups(n);
    uint32_t *patch = patches + before + from / LANES; /* each group before has an end of its patches */
    if (from == 0) memcpy(behind, table, 16);
    for (long row = from; row < to; row += LANES) {
        first[row / LANES] = (uint32_t)(patch - patches);
        long count = to - row < LANES ? to - row : LANES;
        patch = pack_group(packed + row / LANES * twelve_group_bytes(k), rows + (row - from) * k * 2, table, count, k, patch);
    }
}
