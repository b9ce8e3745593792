/*
 * BF16 weights in twelve bits, nothing lost. Trained weights use few exponents: of each number the sign and the mantissa stay as they are,
 * and the exponent becomes four bits, an index into the 16 most frequent exponents of its matrix. The few others are written into the
 * numbers they belong to before these are used: what is multiplied are the very numbers of the file.
 *
 * Groups of LANES rows follow each other, each in units of UNIT columns, the last one filled up with zeros. Unpacked, a unit is four vectors
 * [pair of columns][row][2], whether or not the CPU multiplies pairs. Packed it is three, side by side, as memory is read best:
 *
 *   indices of exponents, one in each half of a byte: the lower halves for the first two vectors, the upper ones for the others
 *   [mantissa 7][sign 1] of the numbers of the first two vectors, and of the others
 *
 * Zipped with exponents, bytes become numbers [exponent 8][mantissa 7][sign 1]; a rotation of two at once by one bit puts the signs where
 * they belong, and so each byte holds the sign of its pair's other number. Behind the groups:
 *
 *   exponents by their indices, 16 bytes, then nothing to 64
 *   [group] 32-bit places of their first patches, counted from the first group's
 *   patches: 24 bits of place in the unpacked group, 8 of exponent, in the order of units; NO_PATCH at the end of each group's
 */
#ifndef CARAVAN_TWELVE_H
#define CARAVAN_TWELVE_H

#include "layout.h"
#include "reading.h"

#define UNIT 8
#define UNIT_BYTES (12 * LANES)
#define UNIT_NUMBERS (UNIT * LANES)
#define UNIT_VECTORS 4
#define NO_PATCH 0xffffffffu
#define TABLE_BYTES 64

/* bytes of a group, and of all groups */
INLINE long twelve_group_bytes(long k) { return round_up(k, UNIT) / UNIT * UNIT_BYTES; }
INLINE long twelve_groups(long n) { return round_up(n, LANES) / LANES; }
INLINE long twelve_groups_bytes(long n, long k) { return round_up(twelve_groups(n) * twelve_group_bytes(k), 64); }

/* a packed matrix */
struct twelve {
    const uint8_t *groups;
    long bytes; /* of a group */
    const uint32_t *first, *patches;
    vi exponents;
};

INLINE struct twelve twelve_of(const uint8_t *w, long n, long k) {
    const uint8_t *table = w + twelve_groups_bytes(n, k);
    const uint32_t *first = (const uint32_t *)(table + TABLE_BYTES);
    return (struct twelve){w, twelve_group_bytes(k), first, first + twelve_groups(n), vi_table(table)};
}

/* the unit that a patch belongs to; behind all there are for NO_PATCH */
INLINE long patched_unit(uint32_t patch) { return (patch >> 8) / UNIT_NUMBERS; }

/* the numbers of a unit, but for patches */
INLINE void unpack(const uint8_t *unit, vi exponents, vi *numbers) {
    vi indices = vi_load(unit), lower = vi_set(0x0f0f0f0f);
    for (int half = 0; half < 2; half++) {
        vi exponent = vi_lookup(exponents, vi_and(half ? vi_shr(indices, 4) : indices, lower));
        vi rest = vi_load(unit + (1 + half) * LANES * 4);
        numbers[2 * half] = vi_rotate(vi_zip_low(rest, exponent));
        numbers[2 * half + 1] = vi_rotate(vi_zip_high(rest, exponent));
    }
}

/* the numbers of a unit; patch goes on to that of the next one */
INLINE void unpack_patched(const uint8_t *packed, vi exponents, vi *numbers, long unit, const uint32_t **patch) {
    _Alignas(64) uint16_t patched[UNIT_NUMBERS];
    unpack(packed, exponents, numbers);
    for (int i = 0; i < UNIT_VECTORS; i++) vi_store(patched + i * 2 * LANES, numbers[i]);
    for (; patched_unit(**patch) == unit; ++*patch) {
        uint16_t *number = patched + (**patch >> 8) % UNIT_NUMBERS;
        *number = (uint16_t)((*number & 0x807f) | (**patch & 255) << 7);
    }
    for (int i = 0; i < UNIT_VECTORS; i++) numbers[i] = vi_load(patched + i * 2 * LANES);
}

#endif
