/*
 * How weights are read from memory, which bounds products of few rows. All numbers of that kind are here, each measured as the share
 * of a plain read of the same memory (WeightReading in tests/benchmarks prints it).
 *
 * Zen 4, one row, one thread and two; bytes of weights a second over a plain read of 27 and 33 GB/s:
 *
 *   stretches side by side, hint                  Q8_0         Q4_0         Q4_K         Q6_K         bytes
 *   four, first level, 2048 bytes ahead           0.62 0.75    0.52 0.69    0.77 0.90    -            0.78 0.85
 *   four, second level, 1024 ahead                1.02 0.89    0.72 0.85    -            -            -
 *   one, first level, 1024 to 1536 ahead          0.85 0.91    0.84 1.00    0.99 0.90    0.90 0.97    0.82 0.90
 *   one, second level, 768 to 1536 ahead          1.00 1.00    1.00 1.00    1.00 1.00    1.00 1.00    0.95 0.98
 *
 * The second level is right for one and two rows. Products of more wait for the first one, and were 10 to 20 % slower with it.
 * BF16 in twelve bits is read four groups side by side for one and two rows: two have chains of sums too long, and reach 0.9 of that.
 * Plain formats reach 0.95 without a hint, with two to four groups side by side, whose sums hide each other's latency.
 * Intel's processors with tile registers read four stretches at once best, near the memory's limit with the first level's hint;
 * Arm's have not been measured, and keep those values.
 */
#ifndef CARAVAN_READING_H
#define CARAVAN_READING_H

#include "simd.h"

/* whether so few rows are multiplied that they wait for memory alone, or more of them, which compute meanwhile; a constant */
enum reading { READ_FEW_ROWS, READ_MANY_ROWS };

/* groups of Q8_0 and Q4_0 that are read side by side for 1, 2 or 4 rows; a constant */
#if (defined(__AVX2__) || defined(__AVX512F__)) && !TILES
#define STRETCHES(rows) 1
#define FEW_ROWS_SECOND_LEVEL 1
#else
#define STRETCHES(rows) ((rows) <= 2 ? 4 : 2)
#define FEW_ROWS_SECOND_LEVEL 0
#endif

/* bytes that weights are asked for ahead of their turn */
#define SECOND_LEVEL_AHEAD 1024
#define FIRST_LEVEL_AHEAD 2048

/*
 * Asks for the next bytes of the weights, of which count are about to be used: the processor's own prefetching begins anew at each
 * page and stops at its end.
 */
INLINE void prefetch(const uint8_t *w, long count, enum reading reading) {
    for (long i = 0; i < count; i += 64) {
        if (reading == READ_FEW_ROWS && FEW_ROWS_SECOND_LEVEL) __builtin_prefetch(w + SECOND_LEVEL_AHEAD + i, 0, 2);
        else __builtin_prefetch(w + FIRST_LEVEL_AHEAD + i);
    }
}

#endif
