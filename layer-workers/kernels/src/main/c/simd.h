/*
 * One vocabulary for the vectors of every CPU path, so that each kernel is written once. A path is chosen by the compiler's
 * flags; the files are compiled once for each, and PATH names the result.
 *
 *   vf, vi       LANES floats, LANES 32-bit integers
 *   dot4         adds to each 32-bit lane the products of its four bytes
 *   vi_table     16 bytes in every 128 bits; vi_lookup takes for each byte, of 0..15, the one of its number
 *   vi_zip_low   the lower eight bytes of every 128 bits of a and of b in turn, a's first; vi_zip_high the upper eight
 *   vi_rotate    each 32-bit lane one bit to the right, the lowest bit becoming the highest
 *
 * No operation here rounds twice or in an order of its own, and contraction is off: bits follow from the source alone.
 */
#ifndef CARAVAN_SIMD_H
#define CARAVAN_SIMD_H

#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* keeps the compiler from regrouping integer sums into trees, for which there are not enough registers */
#ifdef EMULATED_AVX512_H
#define KEEP(constraint, x) (void)(x)
#else
#define KEEP(constraint, x) __asm__("" : constraint(x))
#endif

#define JOIN3(a, b, c) a##b##c
#define NAME3(a, b, c) JOIN3(a, b, c)
/* the exported name of a kernel of this path */
#define KERNEL(name) __attribute__((visibility("default"))) NAME3(PATH, _, name)

/* whether the CPU has tile registers (amx.h) */
#if defined(__AMX_TILE__) && defined(__AMX_INT8__) && defined(__AMX_BF16__)
#define TILES 1
#else
#define TILES 0
#endif

#if defined(__AVX512F__)
#include <immintrin.h>
#define LANES 16
typedef __m512 vf;
typedef __m512i vi;

#if defined(__AVX512BF16__)
#define PAIRED_BF16 1
/* adds to each lane the products of its two BF16 numbers, the upper one first */
INLINE vf dot_bf16(vf sum, vi w, vi x) {
    __m512bh a, b;
    memcpy(&a, &w, sizeof a);
    memcpy(&b, &x, sizeof b);
    return _mm512_dpbf16_ps(sum, a, b);
}
#else
#define PAIRED_BF16 0
#endif

INLINE vf vf_zero(void) { return _mm512_setzero_ps(); }
INLINE vf vf_set(float x) { return _mm512_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vf_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
INLINE vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
INLINE vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vf vf_abs(vf a) { return _mm512_abs_ps(a); }
INLINE vf vf_round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vf vf_from_int(vi a) { return _mm512_cvtepi32_ps(a); }
INLINE vi vi_from_float(vf a) { return _mm512_cvtps_epi32(a); }
INLINE vf vf_bits(vi a) { return _mm512_castsi512_ps(a); }
INLINE vi vi_bits(vf a) { return _mm512_castps_si512(a); }
INLINE void vi_keep(vi *a) { KEEP("+v", *a); }
INLINE vi vi_zero(void) { return _mm512_setzero_si512(); }
INLINE vi vi_set(int x) { return _mm512_set1_epi32(x); }
INLINE vi vi_load(const void *p) { return _mm512_loadu_si512(p); }
INLINE void vi_store(void *p, vi x) { _mm512_storeu_si512(p, x); }
INLINE vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
INLINE vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
INLINE vi vi_max(vi a, vi b) { return _mm512_max_epi32(a, b); }
INLINE vi vi_shl(vi a, int n) { return _mm512_slli_epi32(a, n); }
INLINE vi vi_shr(vi a, int n) { return _mm512_srli_epi32(a, n); }
INLINE vi vi_shr16(vi a, int n) { return _mm512_srli_epi16(a, n); }
INLINE vf vf_from_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE void vf_to_f16(uint16_t *p, vf x) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT)); }
INLINE vi vi_from_u16(const uint16_t *p) { return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)); }
INLINE vi vi_from_u8(const uint8_t *p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)); }
INLINE vi vi_from_s8(const int8_t *p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)); }
INLINE int32_t vi_most(vi a) { return _mm512_reduce_max_epi32(a); }
/* the lowest byte of each lane */
INLINE void vi_to_s8(int8_t *p, vi a) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(a)); }
/* keeps a where lane < n, else b */
INLINE vf vf_first(int n, vf a, vf b) { return _mm512_mask_blend_ps((__mmask16)((1u << n) - 1), b, a); }

/* unsigned bytes of w times signed bytes of x: weights meet them with BYTE_BIAS added, and are stored so but where tiles are loaded from them */
#define BYTE_BIAS 128
#if TILES
#define STORED_BIAS 0
INLINE vi vi_biased(vi w) { return _mm512_xor_si512(w, _mm512_set1_epi32(0x80808080)); }
/* byte c of each lane of weights stored so */
INLINE vi vi_byte(vi w, int c) { return _mm512_srai_epi32(_mm512_slli_epi32(w, 24 - 8 * c), 24); }
#else
#define STORED_BIAS BYTE_BIAS
INLINE vi vi_biased(vi w) { return w; }
INLINE vi vi_byte(vi w, int c) { return vi_add(vi_and(vi_shr(w, 8 * c), vi_set(255)), vi_set(-BYTE_BIAS)); }
#endif
/* what a sum of dot4_small starts with, so that 8 is taken from every w; even and odd are sums of x's even and odd pairs */
INLINE int centre4(int even, int odd) { return -8 * (even + odd); }
INLINE vi dot4(vi sum, vi w, vi x) { return _mm512_dpbusd_epi32(sum, vi_biased(w), x); }
/* as dot4 for w of 0..15; finish4 turns up to eight such sums into a 32-bit one */
INLINE vi dot4_small(vi sum, vi w, vi x) { return _mm512_dpbusd_epi32(sum, w, x); }
INLINE vi finish4(vi sum) { return sum; }
/* as centre4, for w of 0..63, less 32; as finish4, times a number of eight bits for each lane */
INLINE int centre6(int even, int odd) { return -32 * (even + odd); }
/* numbers of eight bits, in lanes of 32, as finish6 takes them */
INLINE vi scale_lanes(vi number) { return number; }
INLINE vi finish6(vi sum, vi scale) { return _mm512_mullo_epi32(sum, scale); }
INLINE vi vi_shl16(vi a, int n) { return _mm512_slli_epi16(a, n); }
INLINE vi vi_or(vi a, vi b) { return _mm512_or_si512(a, b); }
INLINE vi vi_table(const uint8_t *p) { return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)p)); }
INLINE vi vi_lookup(vi table, vi numbers) { return _mm512_shuffle_epi8(table, numbers); }
INLINE vi vi_zip_low(vi a, vi b) { return _mm512_unpacklo_epi8(a, b); }
INLINE vi vi_zip_high(vi a, vi b) { return _mm512_unpackhi_epi8(a, b); }
INLINE vi vi_rotate(vi a) { return _mm512_ror_epi32(a, 1); }

#elif defined(__AVX2__)
#include <immintrin.h>
#define LANES 8
#define PAIRED_BF16 0
typedef __m256 vf;
typedef __m256i vi;

INLINE vf vf_zero(void) { return _mm256_setzero_ps(); }
INLINE vf vf_set(float x) { return _mm256_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void vf_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
INLINE vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
INLINE vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
INLINE vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
INLINE vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
INLINE vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vf vf_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
INLINE vf vf_round(vf a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vf vf_from_int(vi a) { return _mm256_cvtepi32_ps(a); }
INLINE vi vi_from_float(vf a) { return _mm256_cvtps_epi32(a); }
INLINE vf vf_bits(vi a) { return _mm256_castsi256_ps(a); }
INLINE vi vi_bits(vf a) { return _mm256_castps_si256(a); }
INLINE void vi_keep(vi *a) { KEEP("+x", *a); }
INLINE vi vi_zero(void) { return _mm256_setzero_si256(); }
INLINE vi vi_set(int x) { return _mm256_set1_epi32(x); }
INLINE vi vi_load(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE void vi_store(void *p, vi x) { _mm256_storeu_si256((__m256i *)p, x); }
INLINE vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
INLINE vi vi_and(vi a, vi b) { return _mm256_and_si256(a, b); }
INLINE vi vi_max(vi a, vi b) { return _mm256_max_epi32(a, b); }
INLINE vi vi_shl(vi a, int n) { return _mm256_slli_epi32(a, n); }
INLINE vi vi_shr(vi a, int n) { return _mm256_srli_epi32(a, n); }
INLINE vi vi_shr16(vi a, int n) { return _mm256_srli_epi16(a, n); }
INLINE vf vf_from_f16(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
INLINE void vf_to_f16(uint16_t *p, vf x) { _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT)); }
INLINE vi vi_from_u16(const uint16_t *p) { return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)); }
INLINE vi vi_from_u8(const uint8_t *p) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)); }
INLINE vi vi_from_s8(const int8_t *p) { return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)); }
INLINE int32_t vi_most(vi a) {
    __m128i most = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0x4e));
    return _mm_cvtsi128_si32(_mm_max_epi32(most, _mm_shuffle_epi32(most, 0xb1)));
}
INLINE void vi_to_s8(int8_t *p, vi a) {
    vi byte = _mm256_and_si256(a, _mm256_set1_epi32(255));
    __m128i half = _mm_packus_epi32(_mm256_castsi256_si128(byte), _mm256_extracti128_si256(byte, 1));
    _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(half, half));
}
INLINE vf vf_first(int n, vf a, vf b) {
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane)));
}

/* bytes of -127..127: a product of absolute values and signs never saturates */
#define BYTE_BIAS 0
#define STORED_BIAS 0
INLINE vi vi_byte(vi w, int c) { return _mm256_srai_epi32(_mm256_slli_epi32(w, 24 - 8 * c), 24); }
INLINE vi dot4(vi sum, vi w, vi x) {
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
/* the same in parts, which rows share: signs are -1 or 0; a sum starts with the negative products of sizes and signs, finish4 of up to eight less_products */
#define SIGNS_APART 1
INLINE vi magnitude(vi w) { return _mm256_abs_epi8(w); }
INLINE vi negative(vi w) { return _mm256_cmpgt_epi8(_mm256_setzero_si256(), w); }
INLINE vi less_products(vi sum, vi size, vi sign) { return _mm256_sub_epi16(sum, _mm256_maddubs_epi16(size, sign)); }
INLINE void add_products(vi *sum, vi size, vi sign, vi x) {
    __m256i pairs = _mm256_maddubs_epi16(size, _mm256_xor_si256(sign, x));
    __m256i quads = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    /* the compiler would add in a third register and move the sum back: a sixth of the loop */
    __asm__("vpaddd %1, %0, %0" : "+x"(*sum) : "x"(quads));
}
/* sums of pairs stay in 16 bits: 8 times 2 times 15 times 127 is 30480 */
INLINE int centre4(int even, int odd) { return (int)((uint32_t)(uint16_t)(-8 * even) | (uint32_t)(-8 * odd) << 16); }
INLINE vi dot4_small(vi sum, vi w, vi x) { return _mm256_add_epi16(sum, _mm256_maddubs_epi16(w, x)); }
INLINE vi finish4(vi sum) { return _mm256_madd_epi16(sum, _mm256_set1_epi16(1)); }
/* up to four sums of 0..63: the products overflow 16 bits on the way, but what is left after the centre does not */
INLINE int centre6(int even, int odd) { return (int)((uint32_t)(uint16_t)(-32 * even) | (uint32_t)(-32 * odd) << 16); }
INLINE vi scale_lanes(vi number) {
    return _mm256_or_si256(_mm256_slli_epi32(number, 16), _mm256_and_si256(number, _mm256_set1_epi32(0xffff)));
}
INLINE vi finish6(vi sum, vi scale) { return _mm256_madd_epi16(sum, scale); }
INLINE vi vi_shl16(vi a, int n) { return _mm256_slli_epi16(a, n); }
INLINE vi vi_or(vi a, vi b) { return _mm256_or_si256(a, b); }
INLINE vi vi_table(const uint8_t *p) { return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p)); }
INLINE vi vi_lookup(vi table, vi numbers) { return _mm256_shuffle_epi8(table, numbers); }
INLINE vi vi_zip_low(vi a, vi b) { return _mm256_unpacklo_epi8(a, b); }
INLINE vi vi_zip_high(vi a, vi b) { return _mm256_unpackhi_epi8(a, b); }
INLINE vi vi_rotate(vi a) { return _mm256_or_si256(_mm256_srli_epi32(a, 1), _mm256_slli_epi32(a, 31)); }

#elif defined(__aarch64__)
#include <arm_neon.h>
#define LANES 4
#define PAIRED_BF16 0
typedef float32x4_t vf;
typedef int32x4_t vi;

INLINE vf vf_zero(void) { return vdupq_n_f32(0); }
INLINE vf vf_set(float x) { return vdupq_n_f32(x); }
INLINE vf vf_load(const float *p) { return vld1q_f32(p); }
INLINE void vf_store(float *p, vf x) { vst1q_f32(p, x); }
INLINE vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
INLINE vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }
INLINE vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
INLINE vf vf_div(vf a, vf b) { return vdivq_f32(a, b); }
INLINE vf vf_max(vf a, vf b) { return vmaxq_f32(a, b); }
INLINE vf vf_min(vf a, vf b) { return vminq_f32(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
INLINE vf vf_abs(vf a) { return vabsq_f32(a); }
INLINE vf vf_round(vf a) { return vrndnq_f32(a); }
INLINE vf vf_from_int(vi a) { return vcvtq_f32_s32(a); }
INLINE vi vi_from_float(vf a) { return vcvtnq_s32_f32(a); }
INLINE vf vf_bits(vi a) { return vreinterpretq_f32_s32(a); }
INLINE vi vi_bits(vf a) { return vreinterpretq_s32_f32(a); }
INLINE void vi_keep(vi *a) { KEEP("+w", *a); }
INLINE vi vi_zero(void) { return vdupq_n_s32(0); }
INLINE vi vi_set(int x) { return vdupq_n_s32(x); }
INLINE vi vi_load(const void *p) { return vreinterpretq_s32_u8(vld1q_u8((const uint8_t *)p)); }
INLINE void vi_store(void *p, vi x) { vst1q_u8((uint8_t *)p, vreinterpretq_u8_s32(x)); }
INLINE vi vi_add(vi a, vi b) { return vaddq_s32(a, b); }
INLINE vi vi_and(vi a, vi b) { return vandq_s32(a, b); }
INLINE vi vi_max(vi a, vi b) { return vmaxq_s32(a, b); }
INLINE vi vi_shl(vi a, int n) { return vshlq_s32(a, vdupq_n_s32(n)); }
INLINE vi vi_shr(vi a, int n) { return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), vdupq_n_s32(-n))); }
INLINE vi vi_shr16(vi a, int n) { return vreinterpretq_s32_u16(vshlq_u16(vreinterpretq_u16_s32(a), vdupq_n_s16((int16_t)-n))); }
INLINE vf vf_from_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
INLINE void vf_to_f16(uint16_t *p, vf x) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x))); }
INLINE vi vi_from_u16(const uint16_t *p) { return vreinterpretq_s32_u32(vmovl_u16(vld1_u16(p))); }
INLINE vi vi_from_u8(const uint8_t *p) {
    uint32_t four;
    memcpy(&four, p, 4);
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four))))));
}
INLINE vi vi_from_s8(const int8_t *p) {
    uint32_t four;
    memcpy(&four, p, 4);
    return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(four)))));
}
INLINE int32_t vi_most(vi a) { return vmaxvq_s32(a); }
INLINE void vi_to_s8(int8_t *p, vi a) {
    int16x4_t half = vmovn_s32(a);
    uint32_t four = vget_lane_u32(vreinterpret_u32_s8(vmovn_s16(vcombine_s16(half, half))), 0);
    memcpy(p, &four, 4);
}
INLINE vf vf_first(int n, vf a, vf b) {
    static const int32_t lanes[4] = {0, 1, 2, 3};
    return vbslq_f32(vcgtq_s32(vdupq_n_s32(n), vld1q_s32(lanes)), a, b);
}

#define BYTE_BIAS 0
#define STORED_BIAS 0
INLINE vi vi_byte(vi w, int c) { return vshrq_n_s32(vshlq_s32(w, vdupq_n_s32(24 - 8 * c)), 24); }
INLINE vi dot4(vi sum, vi w, vi x) { return vdotq_s32(sum, vreinterpretq_s8_s32(w), vreinterpretq_s8_s32(x)); }
INLINE int centre4(int even, int odd) { return -8 * (even + odd); }
INLINE vi dot4_small(vi sum, vi w, vi x) { return dot4(sum, w, x); }
INLINE vi finish4(vi sum) { return sum; }
INLINE int centre6(int even, int odd) { return -32 * (even + odd); }
INLINE vi scale_lanes(vi number) { return number; }
INLINE vi finish6(vi sum, vi scale) { return vmulq_s32(sum, scale); }
INLINE vi vi_shl16(vi a, int n) { return vreinterpretq_s32_u16(vshlq_u16(vreinterpretq_u16_s32(a), vdupq_n_s16((int16_t)n))); }
INLINE vi vi_or(vi a, vi b) { return vorrq_s32(a, b); }
INLINE vi vi_table(const uint8_t *p) { return vreinterpretq_s32_u8(vld1q_u8(p)); }
INLINE vi vi_lookup(vi table, vi numbers) {
    return vreinterpretq_s32_u8(vqtbl1q_u8(vreinterpretq_u8_s32(table), vreinterpretq_u8_s32(numbers)));
}
INLINE vi vi_zip_low(vi a, vi b) { return vreinterpretq_s32_u8(vzip1q_u8(vreinterpretq_u8_s32(a), vreinterpretq_u8_s32(b))); }
INLINE vi vi_zip_high(vi a, vi b) { return vreinterpretq_s32_u8(vzip2q_u8(vreinterpretq_u8_s32(a), vreinterpretq_u8_s32(b))); }
INLINE vi vi_rotate(vi a) {
    uint32x4_t lanes = vreinterpretq_u32_s32(a);
    return vreinterpretq_s32_u32(vsliq_n_u32(vshrq_n_u32(lanes, 1), lanes, 31));
}

#if defined(__ARM_FEATURE_MATMUL_INT8)
#define PAIRED_ROWS 1
#endif

#else
#error "no vectors are known for this CPU"
#endif

/* whether the CPU multiplies two rows of weights by two of activations, eight columns at once */
#ifndef PAIRED_ROWS
#define PAIRED_ROWS 0
#endif

/* the sum of all lanes, in their order of halves */
INLINE float vf_sum(vf x) {
    float lane[LANES];
    vf_store(lane, x);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    return lane[0];
}

INLINE float vf_most(vf x) {
    float lane[LANES];
    vf_store(lane, x);
    float most = lane[0];
    for (int i = 1; i < LANES; i++) most = lane[i] > most ? lane[i] : most;
    return most;
}

/* loads the first count lanes, all where there are more; the others are 0 */
INLINE vf vf_load_some(const float *p, long count) {
    if (count >= LANES) return vf_load(p);
    float lanes[LANES] = {0};
    memcpy(lanes, p, count * sizeof(float));
    return vf_load(lanes);
}

/* stores the first count lanes, all where there are more */
INLINE void vf_store_some(float *p, vf x, long count) {
    if (count >= LANES) {
        vf_store(p, x);
    } else {
        float lanes[LANES];
        vf_store(lanes, x);
        memcpy(p, lanes, count * sizeof(float));
    }
}

/* four bytes for every lane */
INLINE vi vi_spread(const void *p) {
    int32_t four;
    memcpy(&four, p, sizeof four);
    return vi_set(four);
}

#endif
