/*
 * The tile registers of x86-64's AMX: eight matrices of up to 16 rows of 64 bytes, and products of two of them that are added to a
 * third. A thread configures them before it uses them, and gives them back, since a thread that holds tiles is dear to interrupt.
 */
#ifndef CARAVAN_AMX_H
#define CARAVAN_AMX_H

#include "layout.h"

#if TILES
/* differences of bytes */
INLINE vi vi_sub8(vi a, vi b) { return _mm512_sub_epi8(a, b); }

/* as the CPU reads it: rows and bytes of a row of each tile */
typedef struct {
    uint8_t palette, first_row, nothing[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} __attribute__((aligned(64))) tile_shapes;

INLINE void shape(tile_shapes *shapes, int tile, long rows, long row_bytes) {
    shapes->rows[tile] = (uint8_t)rows;
    shapes->row_bytes[tile] = (uint16_t)row_bytes;
}

#ifndef EMULATED_AVX512_H
/* the compiler's own calls do not all tell it what memory they read */
INLINE void tiles_begin(const tile_shapes *shapes) { __asm__ volatile("ldtilecfg %0" : : "m"(*shapes)); }
INLINE void tiles_end(void) { __asm__ volatile("tilerelease"); }
#define tile_zero(tile) __asm__ volatile("tilezero %%tmm" #tile : :)
#define tile_load(tile, from, stride) \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #tile : : "r"((const void *)(from)), "r"((long)(stride)) : "memory")
#define tile_store(tile, to) \
    __asm__ volatile("tilestored %%tmm" #tile ", (%0,%1,1)" : : "r"((void *)(to)), "r"(64L) : "memory")
/* adds a tile of signed bytes times one of quads of them, or of BF16 numbers times one of pairs, to sums */
#define tile_dot_bytes(sums, rows, weights) \
    __asm__ volatile("tdpbssd %%tmm" #weights ", %%tmm" #rows ", %%tmm" #sums : :)
#define tile_dot_bf16(sums, rows, weights) \
    __asm__ volatile("tdpbf16ps %%tmm" #weights ", %%tmm" #rows ", %%tmm" #sums : :)
#endif
#endif
#endif
