/*
 * Prints what every kernel of one CPU path makes of the same inputs, a number a line, so that paths can be compared: the
 * Java tests hold the path of the machine that they run on to the definition, and check.sh holds the others to that path.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__AMX_TILE__) && !defined(EMULATED_AVX512_H)
#include <sys/syscall.h>
#include <unistd.h>
#define ASKS_FOR_TILES 1
#endif
#include "attention.h"

#define JOIN3(a, b, c) a##b##c
#define NAME3(a, b, c) JOIN3(a, b, c)
#define KERNEL(name) NAME3(PATH, _, name)

long KERNEL(packed_bytes)(long, long, long);
void KERNEL(pack)(long, uint8_t *, const uint8_t *, long, long, long);
void KERNEL(prepare_float)(float *, const float *, long, long, long, long, long);
void KERNEL(prepare_int8)(uint8_t *, const float *, long, long, long, long);
void KERNEL(matmul_float)(long, const uint8_t *, const float *, long, float *, long, long, long, long, long);
void KERNEL(prepare_bf16)(uint16_t *, const float *, long, long, long, long);
long KERNEL(multiplies_bf16)(void);
void KERNEL(matmul_bf16)(const uint8_t *, const void *, long, float *, long, long, long, long, long) __attribute__((weak));
void KERNEL(count_exponents)(int64_t *, const uint16_t *, long);
long KERNEL(twelve_bytes)(long, long, long);
void KERNEL(pack_twelve)(uint8_t *, const uint8_t *, const uint8_t *, long, long, long, long, long);
void KERNEL(matmul_twelve_float)(const uint8_t *, const void *, long, float *, long, long, long, long, long);
void KERNEL(matmul_twelve_bf16)(const uint8_t *, const void *, long, float *, long, long, long, long, long) __attribute__((weak));
void KERNEL(matmul_widened)(long, const uint8_t *, const float *, long, float *, long, long, long, long, long);
void KERNEL(matmul_int8)(long, const uint8_t *, const uint8_t *, float *, long, long, long, long, long);
long KERNEL(tiles_bytes)(long, long);
void KERNEL(prepare_tiles)(uint8_t *, const float *, long, long, long);
long KERNEL(multiplies_tiles)(long, long);
void KERNEL(matmul_tiles)(long, const uint8_t *, const uint8_t *, float *, long, long, long, long, long) __attribute__((weak));
void KERNEL(rms_norm)(float *, const float *, const float *, float, long, long, long);
void KERNEL(swiglu)(float *, const float *, long, long);
void KERNEL(add_bias)(float *, const float *, long, long, long);
void KERNEL(rope)(float *, const float *, const float *, long, long, long, long);
long KERNEL(attention_bytes)(long, long);
void KERNEL(attention)(const struct attention *);
void KERNEL(store_kv)(uint8_t *, uint8_t *, const float *, const float *, long, long, long, long, const int32_t *,
                      const int32_t *, long, long);

long KERNEL(quantise)(long, const float *, uint8_t *, long);
void KERNEL(highest)(float *, const float *, long);
void KERNEL(weigh)(float *, float *, const float *, long, float, float);
void KERNEL(deal)(int32_t *, int64_t *, const float *, const float *, const float *, long, float, float, float);
long KERNEL(pick)(int32_t *, int32_t, const float *, const float *, const float *, long, float, float, float);

static uint64_t state = 1;

static uint32_t bits(void) { return (uint32_t)((state = state * 6364136223846793005u + 1442695040888963407u) >> 33); }

static float number(void) { return (float)((int)(bits() % 20001) - 10000) / 10000; }

static void *memory(size_t bytes) {
    void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
    return p ? memset(p, 0, bytes) : (abort(), p);
}

static float *numbers(long count, float scale) {
    float *p = memory(count * sizeof(float));
    for (long i = 0; i < count; i++) p[i] = number() * scale;
    return p;
}

static void print(const char *name, const float *values, long count) {
    for (long i = 0; i < count; i++) printf("%s %ld %.9g\n", name, i, values[i]);
}

/* in the order of enum file in formats.h */
static const struct format {
    const char *name;
    long columns, bytes;
    int halves[2]; /* where a block's half-precision numbers lie, or -1 */
    int kind;      /* as enum kind numbers the layout that it is packed into */
} formats[] = {
    {"f32", 1, 4, {-1, -1}, 0},     {"f16", 1, 2, {0, -1}, 1},      {"bf16", 1, 2, {-1, -1}, 2},
    {"q8_0", 32, 34, {0, -1}, 3},   {"q4_0", 32, 18, {0, -1}, 4},   {"q4_k", 256, 144, {0, 2}, 5},
    {"q6_k", 256, 210, {208, -1}, 6}, {"q3_k", 256, 110, {108, -1}, 6}, {"q5_0", 32, 22, {0, -1}, 3},
    {"iq4_nl", 32, 18, {0, -1}, 3}, {"q4_1", 32, 20, {0, 2}, 8},    {"q5_1", 32, 24, {0, 2}, 8},
    {"q5_k", 256, 176, {0, 2}, 8},  {"q2_k", 256, 84, {80, 82}, 7},
};

static uint8_t *weights(int file, long count) {
    const struct format *f = formats + file;
    if (file == 0) return (uint8_t *)numbers(count, 1);
    uint8_t *w = memory(count / f->columns * f->bytes);
    for (long i = 0; i < count / f->columns; i++) {
        uint8_t *block = w + i * f->bytes;
        for (long j = 0; j < f->bytes; j++) block[j] = (uint8_t)bits();
        if (file == 2) block[1] = 0x3e | (block[1] & 0x80);
        for (int h = 0; h < 2 && f->halves[h] >= 0; h++) {
            uint16_t half = (uint16_t)((bits() & 0x83ff) | (6 + bits() % 4) << 10);
            memcpy(block + f->halves[h], &half, 2);
        }
    }
    return w;
}

/* ends the program where tiles give other bits than out, which has the same product without them */
static void tiles(const struct format *f, const uint8_t *packed, const float *x, const float *out, long rows, long n, long k) {
    long bytes = KERNEL(tiles_bytes)(rows, k);
    uint8_t *prepared = memset(memory(bytes), 0xff, bytes); /* behind the rows is anything */
    float *tiled = memory(rows * n * sizeof(float));
    KERNEL(prepare_tiles)(prepared, x, k, 0, 8);
    KERNEL(prepare_tiles)(prepared, x, k, 8, rows);
    KERNEL(matmul_tiles)(f->kind, packed, prepared, tiled, rows, n, k, 0, 32);
    KERNEL(matmul_tiles)(f->kind, packed, prepared, tiled, rows, n, k, 32, n);
    for (long i = 0; i < rows * n; i++)
        if (memcmp(tiled + i, out + i, sizeof(float)) != 0) {
            fprintf(stderr, "%s %ld: %.9g in tiles, %.9g without, of %ld columns\n", f->name, i, tiled[i], out[i], k);
            exit(1);
        }
}

/* rows are so many that there are panels of every size, more than two tiles, and on AVX2 work that only many share */
static void products(int file, long k) {
    const struct format *f = formats + file;
    long n = 37, rows = 55, stride = (k + 15) / 16 * 64 + 64;
    uint8_t *packed = memory(KERNEL(packed_bytes)(file, n, k));
    uint8_t *w = weights(file, n * k);
    KERNEL(pack)(file, packed, w, k, 0, n);
    float *x = numbers(rows * k, 1), *out = memory(rows * n * sizeof(float));
    void *prepared = memory(rows * (stride + 512));
    if (f->columns == 1) {
        for (int rounding = 0; rounding < 3; rounding++) {
            KERNEL(prepare_float)(prepared, x, stride, k, rounding, 0, rows);
            KERNEL(matmul_float)(f->kind, packed, prepared, stride, out, rows, n, k, 0, n);
            if (rounding == 1 && f->kind == 2 && KERNEL(multiplies_bf16)()) {
                KERNEL(prepare_bf16)(prepared, x, stride, k, 0, rows);
                KERNEL(matmul_bf16)(packed, prepared, stride, out, 2, n, k, 0, n);
                KERNEL(matmul_bf16)(packed, (uint8_t *)prepared + 2 * stride, stride, out + 2 * n, 18, n, k, 0, n);
                KERNEL(matmul_bf16)(packed, (uint8_t *)prepared + 20 * stride, stride, out + 20 * n, rows - 20, n, k, 0, n);
            }
            print(f->name, out, rows * n);
        }
    } else {
        KERNEL(prepare_int8)(prepared, x, rows, k, 0, 8);
        KERNEL(prepare_int8)(prepared, x, rows, k, 8, rows);
        KERNEL(matmul_int8)(f->kind, packed, prepared, out, rows, n, k, 0, 32);
        KERNEL(matmul_int8)(f->kind, packed, prepared, out, rows, n, k, 32, n);
        if (KERNEL(multiplies_tiles)(f->kind, rows)) tiles(f, packed, x, out, rows, n, k);
        print(f->name, out, rows * n);
        KERNEL(prepare_float)(prepared, x, stride, k, 0, 0, rows);
        KERNEL(matmul_widened)(f->kind, packed, prepared, stride, out, rows, n, k, 0, n);
        print(f->name, out, rows * n);
    }
}

/* a matrix in twelve bits, by the 16 most frequent exponents; patches are counted into *patches */
static uint8_t *twelve(const uint16_t *w, long n, long k, long *patches) {
    int64_t counts[256] = {0};
    uint8_t table[16];
    int index[256];
    KERNEL(count_exponents)(counts, w, n * k);
    memset(index, -1, sizeof index);
    for (int i = 0; i < 16; i++) {
        int most = -1;
        for (int e = 0; e < 256; e++)
            if (index[e] < 0 && (most < 0 || counts[e] > counts[most])) most = e;
        table[i] = (uint8_t)most, index[most] = i;
    }
    long before[2] = {0};
    for (long i = 0; i < n * k; i++)
        if (index[w[i] >> 7 & 255] < 0) before[i < 32 * k ? 0 : 1]++;
    *patches = before[0] + before[1];
    uint8_t *packed = memory(KERNEL(twelve_bytes)(n, k, *patches));
    KERNEL(pack_twelve)(packed, (const uint8_t *)w, table, n, k, 0, n < 32 ? n : 32, 0);
    if (n > 32) KERNEL(pack_twelve)(packed, (const uint8_t *)(w + 32 * k), table, n, k, 32, n, before[0]);
    return packed;
}

static void must_be_equal(const char *what, const float *out, const float *plain, long rows, long n, long k) {
    for (long i = 0; i < rows * n; i++)
        if (memcmp(out + i, plain + i, sizeof(float)) != 0) {
            fprintf(stderr, "twelve bits, %s, element %ld of %ld x %ld x %ld: %.9g, plain %.9g\n", what, i, rows, n, k, out[i], plain[i]);
            exit(1);
        }
}

/* ends the program where weights in twelve bits give other bits than plain ones: for any number of rows, cut anywhere */
static void in_twelve_bits(const char *what, const uint16_t *w, long n, long k) {
    static const long counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 33, 49, 70, 460};
    long stride = (k + 15) / 16 * 64 + 64, most = 460, patches;
    uint8_t *plain = memory(KERNEL(packed_bytes)(2, n, k)), *small = twelve(w, n, k, &patches);
    KERNEL(pack)(2, plain, (const uint8_t *)w, k, 0, n);
    float *x = numbers(most * k, 1), *expected = memory(most * n * sizeof(float)), *out = memory(most * n * sizeof(float));
    void *prepared = memory(most * stride + 512);
    long split = n > 32 ? 32 : n;
    for (int i = 0; i < (int)(sizeof counts / sizeof *counts); i++) {
        long rows = counts[i];
        KERNEL(prepare_float)(prepared, x, stride, k, 0, 0, rows);
        KERNEL(matmul_float)(2, plain, prepared, stride, expected, rows, n, k, 0, n);
        KERNEL(matmul_twelve_float)(small, prepared, stride, out, rows, n, k, 0, split);
        KERNEL(matmul_twelve_float)(small, prepared, stride, out, rows, n, k, split, n);
        must_be_equal(what, out, expected, rows, n, k);
        if (!KERNEL(multiplies_bf16)()) continue;
        memset(out, 0xff, most * n * sizeof(float));
        KERNEL(prepare_bf16)(prepared, x, stride, k, 0, rows);
        KERNEL(matmul_bf16)(plain, prepared, stride, expected, rows, n, k, 0, n);
        KERNEL(matmul_twelve_bf16)(small, prepared, stride, out, rows, n, k, 0, split);
        KERNEL(matmul_twelve_bf16)(small, prepared, stride, out, rows, n, k, split, n);
        must_be_equal(what, out, expected, rows, n, k);
    }
    printf("same_twelve_%s %ld %ld\n", what, k, patches);
    free(plain), free(small), free(x), free(expected), free(out), free(prepared);
}

/* matrices that are awkward to pack, of n rows and k columns */
static void awkward(long n, long k) {
    uint16_t *w = memory(n * k * 2);
    for (long i = 0; i < n * k; i++) w[i] = (uint16_t)((bits() & 0x807f) | (112 + bits() % 16) << 7);
    in_twelve_bits("sixteen", w, n, k);
    w[0] = 0x4f81, w[n * k - 1] = 0xcf82; /* a seventeenth exponent at the ends */
    w[n * k / 2] = 0x8001, w[k - 1] = 0;
    in_twelve_bits("patched", w, n, k);
    for (long i = 0; i < n * k; i++)
        if (bits() % 8 == 0) w[i] = (uint16_t)(bits() & 0xbfff);
    in_twelve_bits("many_patches", w, n, k);
    for (long i = 0; i < n * k; i++) w[i] = (uint16_t)(bits() & 0x807f);
    in_twelve_bits("denormals", w, n, k);
    for (long i = 0; i < n * k; i++) w[i] = 0xbe99;
    in_twelve_bits("equal", w, n, k);
    memset(w, 0, n * k * 2);
    in_twelve_bits("zeros", w, n, k);
    free(w);
}

static void rows(void) {
    float *x = numbers(300, 20), *y = numbers(300, 1), *w = numbers(100, 1), *out = memory(1200);
    KERNEL(rms_norm)(out, x, w, 1e-5f, 100, 0, 3);
    print("rms_norm", out, 300);
    KERNEL(swiglu)(x, y, 0, 299);
    print("swiglu", x, 300);
    KERNEL(rope)(y, w, w + 10, 100, 20, 0, 3);
    KERNEL(add_bias)(y, w, 100, 0, 3);
    print("rope", y, 300);
}

static void attention(int storage, long head_dim, long window) {
    enum { BLOCK = 16, KV_HEADS = 2, HEADS = 8, TOKENS = 300, BLOCKS = 19, RUN = 16 };
    int32_t table[BLOCKS], blocks[TOKENS], offsets[TOKENS], positions[TOKENS];
    for (int i = 0; i < BLOCKS; i++) table[i] = i * 7 % BLOCKS;
    for (int i = 0; i < TOKENS; i++) blocks[i] = table[i / BLOCK], offsets[i] = i % BLOCK, positions[i] = i;
    uint8_t *keys = memory(BLOCKS * KV_HEADS * BLOCK * head_dim * 6), *values = memory(BLOCKS * KV_HEADS * BLOCK * head_dim * 6);
    float *key = numbers(TOKENS * KV_HEADS * head_dim, 1), *value = numbers(TOKENS * KV_HEADS * head_dim, 1);
    KERNEL(store_kv)(keys, values, key, value, storage, BLOCK, KV_HEADS, head_dim, blocks, offsets, 0, TOKENS);
    float *q = numbers(TOKENS * HEADS * head_dim, 1), *out = memory(TOKENS * HEADS * head_dim * 4);
    float *scratch = memory(KERNEL(attention_bytes)(head_dim, RUN * HEADS / KV_HEADS));
    for (int head = 0; head < KV_HEADS; head++)
        for (int from = 0; from < TOKENS; from += RUN) {
            struct attention a = {.out = out + from * HEADS * head_dim, .q = q + from * HEADS * head_dim, .keys = keys,
                                  .values = values, .table = table, .positions = positions + from, .memory = scratch,
                                  .rows = from + RUN < TOKENS ? RUN : TOKENS - from, .width = HEADS * head_dim,
                                  .storage = storage, .block_tokens = BLOCK, .kv_heads = KV_HEADS, .head_dim = head_dim,
                                  .kv_head = head, .window = window, .scale = 0.3f};
            KERNEL(attention)(&a);
        }
    print("attention", out, TOKENS * HEADS * head_dim);
}

static void logits(long count) {
    float *x = numbers(count, 30), *weights = memory(count * 4), *sums = memory(count * 4);
    x[count / 2] = -__builtin_inff();
    KERNEL(highest)(sums, x, count);
    print("same_highest", sums, (count + 63) / 64);
    KERNEL(weigh)(weights, sums, x, count, 30, 0.7f);
    print("same_weigh", weights, count);
    int32_t counts[1024], *ids = memory(count * sizeof(int32_t));
    int64_t masses[1024];
    KERNEL(deal)(counts, masses, weights, sums, x, count, 1e-9f, 30, 40);
    for (int step = 0; step < 1024; step++) {
        printf("same_deal_count %d %d\n", step, counts[step]);
        printf("same_deal_mass %d %lld\n", step, (long long)masses[step]);
    }
    long picked = KERNEL(pick)(ids, 40, weights, sums, x, count, 1e-9f, 30, 40);
    for (long i = 0; i < picked; i++) printf("same_pick %ld %d\n", i, ids[i]);
    print("same_sums", sums, (count + 63) / 64);
}

/* weights of many sizes, some blocks of zeros, brought into a format */
static void quantised(int file) {
    long count = 256 * 40, bytes = count / formats[file].columns * formats[file].bytes;
    float *x = numbers(count, 1), *values = memory(bytes * sizeof(float));
    uint8_t *blocks = memory(bytes);
    for (long i = 0; i < count; i++) x[i] *= i / 256 % 5 == 3 ? 0 : 1e-3f * (float)(1 + i / 32 % 7) * x[i] * x[i];
    if (KERNEL(quantise)(file, x, blocks, count) != count) fputs("blocks were left out\n", stderr), exit(1);
    for (long i = 0; i < bytes; i++) values[i] = blocks[i];
    print("same_quantised", values, bytes);
}

int main(void) {
#if ASKS_FOR_TILES
    if (syscall(SYS_arch_prctl, 0x1023, 18) != 0) return fputs("the system gives no tiles\n", stderr), 1;
#endif
    for (int file = 0; file < (int)(sizeof formats / sizeof *formats); file++) {
        products(file, formats[file].columns == 1 ? 33 : 2 * formats[file].columns);
        products(file, formats[file].columns == 1 ? 70 : 3 * formats[file].columns);
    }
    static const long sizes[][2] = {{1, 1}, {37, 33}, {64, 8}, {70, 271}, {32, 1030}};
    for (int i = 0; i < (int)(sizeof sizes / sizeof *sizes); i++) awkward(sizes[i][0], sizes[i][1]);
    rows();
    for (int file = 3; file < 7; file++) quantised(file); /* Q8_0, Q4_0, Q4_K, Q6_K */
    for (long count = 1; count < 1000; count = count * 3 + 2) logits(count);
    for (long head_dim = 6; head_dim < 70; head_dim += 29) {
        attention(0, head_dim, 1 << 30);
        attention(1, head_dim, 20);
        attention(2, head_dim, 280);
    }
    return 0;
}
