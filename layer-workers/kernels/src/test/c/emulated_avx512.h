/* The AVX-512 operations that simd.h uses, as plain loops, so that the kernels' AVX-512 path can be tried on any x86-64. */
#ifndef EMULATED_AVX512_H
#define EMULATED_AVX512_H

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define __AVX512F__ 1
#ifdef EMULATED_BF16
#define __AVX512BF16__ 1
#endif
#define __m512 emulated_floats
#define __m512i emulated_ints
#define __m512bh emulated_ints
#define __mmask16 uint16_t

typedef struct { float at[16]; } emulated_floats;
typedef struct { int32_t at[16]; } emulated_ints;

#define EMULATED static inline __attribute__((always_inline))
#define EACH for (int i = 0; i < 16; i++)
#define FLOATS(name, value) \
    EMULATED __m512 e##name(__m512 a, __m512 b) { EACH { float x = a.at[i], y = b.at[i]; a.at[i] = value; } return a; }
#define INTS(name, value) \
    EMULATED __m512i e##name(__m512i a, __m512i b) { EACH { uint32_t x = a.at[i], y = b.at[i]; a.at[i] = (int32_t)(value); } return a; }

FLOATS(_add_ps, x + y)
FLOATS(_sub_ps, x - y)
FLOATS(_mul_ps, x * y)
FLOATS(_div_ps, x / y)
FLOATS(_max_ps, x > y ? x : y)
FLOATS(_min_ps, x < y ? x : y)
INTS(_add_epi32, x + y)
INTS(_and_si512, x & y)
INTS(_or_si512, x | y)
INTS(_xor_si512, x ^ y)
INTS(_mullo_epi32, x * y)
INTS(_max_epi32, (int32_t)x > (int32_t)y ? x : y)

EMULATED __m512 e_set1_ps(float x) { __m512 r; EACH r.at[i] = x; return r; }
EMULATED __m512i e_set1_epi32(int x) { __m512i r; EACH r.at[i] = x; return r; }
EMULATED __m512 e_loadu_ps(const void *p) { __m512 r; memcpy(&r, p, 64); return r; }
EMULATED __m512i e_loadu_si512(const void *p) { __m512i r; memcpy(&r, p, 64); return r; }
EMULATED void e_storeu_ps(void *p, __m512 x) { memcpy(p, &x, 64); }
EMULATED void e_storeu_si512(void *p, __m512i x) { memcpy(p, &x, 64); }
EMULATED __m512 e_fmadd_ps(__m512 a, __m512 b, __m512 c) { EACH a.at[i] = fmaf(a.at[i], b.at[i], c.at[i]); return a; }
EMULATED __m512 e_abs_ps(__m512 a) { EACH a.at[i] = fabsf(a.at[i]); return a; }
EMULATED __m512 e_round_ps(__m512 a) { EACH a.at[i] = nearbyintf(a.at[i]); return a; }
EMULATED __m512 e_cvtepi32_ps(__m512i a) { __m512 r; EACH r.at[i] = (float)a.at[i]; return r; }
EMULATED __m512i e_cvtps_epi32(__m512 a) { __m512i r; EACH r.at[i] = _mm_cvtss_si32(_mm_set_ss(a.at[i])); return r; }
EMULATED __m512 e_castsi512_ps(__m512i a) { __m512 r; memcpy(&r, &a, 64); return r; }
EMULATED __m512i e_castps_si512(__m512 a) { __m512i r; memcpy(&r, &a, 64); return r; }
EMULATED __m512i e_slli_epi32(__m512i a, int n) { EACH a.at[i] = (int32_t)((uint32_t)a.at[i] << n); return a; }
EMULATED __m512i e_srli_epi32(__m512i a, int n) { EACH a.at[i] = (int32_t)((uint32_t)a.at[i] >> n); return a; }
EMULATED __m512i e_srai_epi32(__m512i a, int n) { EACH a.at[i] >>= n; return a; }
EMULATED __m512i e_shift_epi16(__m512i a, int left, int right) {
    uint16_t half[32];
    memcpy(half, &a, 64);
    for (int i = 0; i < 32; i++) half[i] = (uint16_t)(half[i] << left >> right);
    memcpy(&a, half, 64);
    return a;
}
EMULATED __m512 e_cvtph_ps(__m256i a) { uint16_t h[16]; __m512 r; memcpy(h, &a, 32); EACH r.at[i] = _cvtsh_ss(h[i]); return r; }
EMULATED __m256i e_cvtps_ph(__m512 a) { uint16_t h[16]; __m256i r; EACH h[i] = _cvtss_sh(a.at[i], 0); memcpy(&r, h, 32); return r; }
EMULATED __m512i e_cvtepu16_epi32(__m256i a) { uint16_t h[16]; __m512i r; memcpy(h, &a, 32); EACH r.at[i] = h[i]; return r; }
EMULATED __m512i e_cvtepu8_epi32(__m128i a) { uint8_t b[16]; __m512i r; memcpy(b, &a, 16); EACH r.at[i] = b[i]; return r; }
EMULATED __m512i e_cvtepi8_epi32(__m128i a) { int8_t b[16]; __m512i r; memcpy(b, &a, 16); EACH r.at[i] = b[i]; return r; }
EMULATED __m128i e_cvtepi32_epi8(__m512i a) { int8_t b[16]; __m128i r; EACH b[i] = (int8_t)a.at[i]; memcpy(&r, b, 16); return r; }
EMULATED __m512i e_sub_epi8(__m512i a, __m512i b) {
    uint8_t x[64], y[64];
    memcpy(x, &a, 64);
    memcpy(y, &b, 64);
    for (int i = 0; i < 64; i++) x[i] = (uint8_t)(x[i] - y[i]);
    memcpy(&a, x, 64);
    return a;
}
/* the 16 bytes of table in every 128 bits, by numbers of 0..15; bytes of a and b in turn, from byte `from` of every 128 bits on */
EMULATED __m512i e_broadcast_i32x4(__m128i a) { __m512i r; for (int i = 0; i < 4; i++) memcpy(r.at + 4 * i, &a, 16); return r; }
EMULATED __m512i e_shuffle_epi8(__m512i table, __m512i numbers) {
    uint8_t t[64], n[64];
    memcpy(t, &table, 64);
    memcpy(n, &numbers, 64);
    for (int i = 0; i < 64; i++) n[i] = n[i] & 0x80 ? 0 : t[i / 16 * 16 + n[i] % 16];
    memcpy(&numbers, n, 64);
    return numbers;
}
EMULATED __m512i e_unpack_epi8(__m512i a, __m512i b, int from) {
    uint8_t x[64], y[64], r[64];
    memcpy(x, &a, 64);
    memcpy(y, &b, 64);
    for (int i = 0; i < 64; i++) r[i] = (i % 2 ? y : x)[i / 16 * 16 + from + i % 16 / 2];
    memcpy(&a, r, 64);
    return a;
}
EMULATED __m512i e_ror_epi32(__m512i a, int n) {
    EACH a.at[i] = (int32_t)((uint32_t)a.at[i] >> n | (uint32_t)a.at[i] << (32 - n));
    return a;
}
EMULATED int e_reduce_max_epi32(__m512i a) { int most = a.at[0]; EACH most = a.at[i] > most ? a.at[i] : most; return most; }
EMULATED __m512 e_mask_blend_ps(uint16_t mask, __m512 a, __m512 b) { EACH if (!(mask >> i & 1)) b.at[i] = a.at[i]; return b; }
EMULATED __m512i e_dpbusd_epi32(__m512i sum, __m512i w, __m512i x) {
    uint8_t u[64];
    int8_t s[64];
    memcpy(u, &w, 64);
    memcpy(s, &x, 64);
    for (int i = 0; i < 64; i++) sum.at[i / 4] += u[i] * s[i];
    return sum;
}

/* a product of two BF16 numbers is exact in a float; numbers too small for a normal float count as zero */
EMULATED float e_normal(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }
EMULATED float e_bf16(uint32_t upper) { float x; memcpy(&x, &upper, 4); return e_normal(x); }
EMULATED __m512 e_dpbf16_ps(__m512 sum, __m512i a, __m512i b) {
    EACH {
        uint32_t x = (uint32_t)a.at[i], y = (uint32_t)b.at[i];
        float upper = e_normal(fmaf(e_bf16(x & 0xffff0000u), e_bf16(y & 0xffff0000u), e_normal(sum.at[i])));
        sum.at[i] = e_normal(fmaf(e_bf16(x << 16), e_bf16(y << 16), upper));
    }
    return sum;
}

#define _mm512_setzero_ps() e_set1_ps(0)
#define _mm512_setzero_si512() e_set1_epi32(0)
#define _mm512_set1_ps e_set1_ps
#define _mm512_set1_epi32 e_set1_epi32
#define _mm512_loadu_ps e_loadu_ps
#define _mm512_loadu_si512 e_loadu_si512
#define _mm512_storeu_ps e_storeu_ps
#define _mm512_storeu_si512 e_storeu_si512
#define _mm512_add_ps e_add_ps
#define _mm512_sub_ps e_sub_ps
#define _mm512_mul_ps e_mul_ps
#define _mm512_div_ps e_div_ps
#define _mm512_max_ps e_max_ps
#define _mm512_min_ps e_min_ps
#define _mm512_fmadd_ps e_fmadd_ps
#define _mm512_abs_ps e_abs_ps
#define _mm512_roundscale_ps(a, mode) e_round_ps(a)
#define _mm512_cvtepi32_ps e_cvtepi32_ps
#define _mm512_cvtps_epi32 e_cvtps_epi32
#define _mm512_castsi512_ps e_castsi512_ps
#define _mm512_castps_si512 e_castps_si512
#define _mm512_add_epi32 e_add_epi32
#define _mm512_and_si512 e_and_si512
#define _mm512_or_si512 e_or_si512
#define _mm512_xor_si512 e_xor_si512
#define _mm512_sub_epi8 e_sub_epi8
#define _mm512_mullo_epi32 e_mullo_epi32
#define _mm512_max_epi32 e_max_epi32
#define _mm512_reduce_max_epi32 e_reduce_max_epi32
#define _mm512_slli_epi32 e_slli_epi32
#define _mm512_srli_epi32 e_srli_epi32
#define _mm512_srai_epi32 e_srai_epi32
#define _mm512_srli_epi16(a, n) e_shift_epi16(a, 0, n)
#define _mm512_slli_epi16(a, n) e_shift_epi16(a, n, 0)
#define _mm512_broadcast_i32x4 e_broadcast_i32x4
#define _mm512_shuffle_epi8 e_shuffle_epi8
#define _mm512_unpacklo_epi8(a, b) e_unpack_epi8(a, b, 0)
#define _mm512_unpackhi_epi8(a, b) e_unpack_epi8(a, b, 8)
#define _mm512_ror_epi32 e_ror_epi32
#define _mm512_cvtph_ps e_cvtph_ps
#define _mm512_cvtps_ph(a, mode) e_cvtps_ph(a)
#define _mm512_cvtepu16_epi32 e_cvtepu16_epi32
#define _mm512_cvtepu8_epi32 e_cvtepu8_epi32
#define _mm512_cvtepi8_epi32 e_cvtepi8_epi32
#define _mm512_cvtepi32_epi8 e_cvtepi32_epi8
#define _mm512_mask_blend_ps e_mask_blend_ps
#define _mm512_dpbusd_epi32 e_dpbusd_epi32
#define _mm512_dpbf16_ps e_dpbf16_ps

#endif
