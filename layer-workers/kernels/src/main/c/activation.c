/* What is done to each row of activations alone: norms, rotations, gates, and the forms that matrix products read. */
#include "exp.h"
#include "layout.h"

/* out = x / sqrt(mean(x^2) + eps) * weight, of rows [from, to). out, x [rows, width]; weight [width] */
void KERNEL(rms_norm)(float *out, const float *x, const float *weight, float eps, long width, long from, long to) {
    for (long row = from; row < to; row++) {
        const float *in = x + row * width;
        vf squares = vf_zero();
        for (long i = 0; i < width; i += LANES) {
            vf value = vf_load_some(in + i, width - i);
            squares = vf_fma(value, value, squares);
        }
        vf scale = vf_set((float)(1.0 / __builtin_sqrt((double)vf_sum(squares) / (double)width + (double)eps)));
        for (long i = 0; i < width; i += LANES) {
            vf value = vf_mul(vf_mul(vf_load_some(in + i, width - i), scale), vf_load_some(weight + i, width - i));
            vf_store_some(out + row * width + i, value, width - i);
        }
    }
}

/* gate = gate / (1 + exp(-gate)) * up, of the elements [from, to) */
void KERNEL(swiglu)(float *gate, const float *up, long from, long to) {
    for (long i = from; i < to; i += LANES) {
        vf g = vf_max(vf_set(-100.0f), vf_load_some(gate + i, to - i)); /* below, the result is 0 to a float */
        vf activated = vf_div(g, vf_add(vf_set(1.0f), vf_exp(vf_sub(vf_zero(), g))));
        vf_store_some(gate + i, vf_mul(activated, vf_load_some(up + i, to - i)), to - i);
    }
}

INLINE void add(float *x, const float *y, long from, long to) {
    for (long i = from; i < to; i += LANES)
        vf_store_some(x + i, vf_add(vf_load_some(x + i, to - i), vf_load_some(y + i, to - i)), to - i);
}

/* x += y, of the elements [from, to) */
void KERNEL(add)(float *x, const float *y, long from, long to) { add(x, y, from, to); }

/* x += bias, of rows [from, to) of x [rows, width]; bias [width] */
void KERNEL(add_bias)(float *x, const float *bias, long width, long from, long to) {
    for (long row = from; row < to; row++) add(x + row * width, bias, 0, width);
}

/* x *= factor, of the elements [from, to) */
void KERNEL(scale)(float *x, float factor, long from, long to) {
    for (long i = from; i < to; i += LANES)
        vf_store_some(x + i, vf_mul(vf_load_some(x + i, to - i), vf_set(factor)), to - i);
}

/* rotates the pairs (i, i + head_dim / 2) of every head of rows [from, to). x [rows, width]; cosine, sine [rows, head_dim / 2] */
void KERNEL(rope)(float *x, const float *cosine, const float *sine, long width, long head_dim, long from, long to) {
    long half = head_dim / 2;
    for (long row = from; row < to; row++) {
        const float *c = cosine + row * half, *s = sine + row * half;
        for (float *head = x + row * width; head < x + (row + 1) * width; head += head_dim) {
            for (long i = 0; i < half; i += LANES) {
                vf cos = vf_load_some(c + i, half - i), sin = vf_load_some(s + i, half - i);
                vf a = vf_load_some(head + i, half - i), b = vf_load_some(head + half + i, half - i);
                vf_store_some(head + i, vf_sub(vf_mul(a, cos), vf_mul(b, sin)), half - i);
                vf_store_some(head + half + i, vf_add(vf_mul(b, cos), vf_mul(a, sin)), half - i);
            }
        }
    }
}

/* the nearest BF16 number, ties to even, in the upper half of what is returned; NaN stays NaN */
INLINE uint32_t bf16_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
    return (bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : rounded;
}

INLINE float bf16_round(float x) {
    uint32_t bits = bf16_bits(x) & 0xffff0000u;
    memcpy(&x, &bits, 4);
    return x;
}

/* a block's scale, by which its numbers become -127..127: NaN where one of them is none */
INLINE float scale_of(const float *x) {
    vi most = vi_zero();
    for (int i = 0; i < BLOCK; i += LANES) most = vi_max(most, vi_and(vi_bits(vf_load(x + i)), vi_set(0x7fffffff)));
    int32_t bits = vi_most(most);
    float value;
    memcpy(&value, &bits, 4);
    return value / 127.0f;
}

INLINE void quantise(int8_t *out, const float *x, float scale) {
    float inverse = scale == 0 ? 0 : 1.0f / scale;
    for (int i = 0; i < BLOCK; i += LANES) vi_to_s8(out + i, vi_from_float(vf_mul(vf_load(x + i), vf_set(inverse))));
}

/* the nearest values that a block of signed bytes has */
static void int8_round(float *out, const float *x, long count) {
    float padded[BLOCK] = {0};
    int8_t bytes[BLOCK];
    memcpy(padded, x, count * sizeof(float));
    float scale = scale_of(padded);
    quantise(bytes, padded, scale);
    for (long i = 0; i < count; i++) out[i] = scale * (float)bytes[i];
}

/*
 * rows [from, to) of x [rows, k] as rows of floats, stride bytes apart and zero behind their end; rounding is that of the precision of
 * this number: 0 none, 1 BF16, 2 blocks of signed bytes
 */
void KERNEL(prepare_float)(float *out, const float *x, long stride, long k, long rounding, long from, long to) {
    for (long row = from; row < to; row++) {
        const float *in = x + row * k;
        float *target = out + row * (stride / 4);
        if (rounding == 1)
            for (long i = 0; i < k; i++) target[i] = bf16_round(in[i]);
        else if (rounding == 2)
            for (long i = 0; i < k; i += BLOCK) int8_round(target + i, in + i, k - i < BLOCK ? k - i : BLOCK);
        else
            memcpy(target, in, k * sizeof(float));
        memset(target + k, 0, stride - k * sizeof(float));
    }
}

/* rows [from, to) of x [rows, k] as rows of BF16 numbers, stride bytes apart and zero behind their end */
void KERNEL(prepare_bf16)(uint16_t *out, const float *x, long stride, long k, long from, long to) {
    for (long row = from; row < to; row++) {
        uint16_t *target = out + row * (stride / 2);
        for (long i = 0; i < k; i++) target[i] = (uint16_t)(bf16_bits(x[row * k + i]) >> 16);
        memset(target + k, 0, stride - k * sizeof(uint16_t));
    }
}

/* block b of row t of a panel */
INLINE void quantise_block(uint8_t *panel, const float *x, long b, int t, int rows) {
    int8_t bytes[BLOCK];
    float scale = scale_of(x);
    quantise(bytes, x, scale);
    uint8_t *block = panel + b * ROW_BLOCK_BYTES * rows;
    int even[2] = {0, 0}, odd[2] = {0, 0}; /* sums of the even and odd pairs of each half */
    for (int quad = 0; quad < 8; quad++) {
        memcpy(block + (quad * rows + t) * 4, bytes + 4 * quad, 4);
        even[quad / 4] += bytes[4 * quad] + bytes[4 * quad + 1];
        odd[quad / 4] += bytes[4 * quad + 2] + bytes[4 * quad + 3];
    }
    int sum = even[0] + even[1] + odd[0] + odd[1];
    float *scales = (float *)(block + BLOCK * rows);
    int32_t *centres = (int32_t *)(scales + 2 * rows);
    scales[t] = scale;
    scales[rows + t] = -scale * (float)sum;
    centres[t] = centre4(even[0] + even[1], odd[0] + odd[1]);
    centres[rows + t] = -BYTE_BIAS * sum;
    centres[2 * rows + t] = centre6(even[0], odd[0]);
    centres[3 * rows + t] = centre6(even[1], odd[1]);
}

/* rows [from, to) of x [rows, k] quantised into panels; a panel's rows may be prepared by several calls */
void KERNEL(prepare_int8)(uint8_t *out, const float *x, long rows, long k, long from, long to) {
    long blocks = round_up(k, PAIR) / BLOCK;
    for (long first = 0; first < to; first += panel_rows(rows - first)) {
        int count = panel_rows(rows - first);
        for (int t = 0; t < count; t++) {
            if (first + t < from || first + t >= to) continue;
            const float *in = x + (first + t) * k;
            for (long b = 0; b < blocks; b++) {
                float padded[BLOCK] = {0};
                long left = k - b * BLOCK;
                if (left > 0 && left < BLOCK) memcpy(padded, in + b * BLOCK, left * sizeof(float));
                quantise_block(out + first * row_bytes(k), left >= BLOCK ? in + b * BLOCK : padded, b, t, count);
            }
        }
    }
}

/* block b of row t of a panel that tiles are loaded from */
INLINE void quantise_tile_block(uint8_t *block, const float *x, long t) {
    int8_t *bytes = (int8_t *)block + t * BLOCK;
    float *scales = (float *)(block + TILE_PANEL * BLOCK), scale = scale_of(x);
    int sum = 0;
    quantise(bytes, x, scale);
    for (int c = 0; c < BLOCK; c++) sum += bytes[c];
    scales[t] = scale;
    scales[TILE_PANEL + t] = -scale * (float)sum;
}

/* rows [from, to) of x [rows, k] quantised into such panels; all rows of a panel go block by block, so that each is written as one stretch */
void KERNEL(prepare_tiles)(uint8_t *out, const float *x, long k, long from, long to) {
    long blocks = round_up(k, PAIR) / BLOCK, bytes = TILE_PANEL * ROW_TILE_BLOCK_BYTES;
    for (long first = from; first < to;) {
        long panel = first / TILE_PANEL * TILE_PANEL, end = panel + TILE_PANEL < to ? panel + TILE_PANEL : to;
        for (long b = 0; b < blocks; b++)
            for (long row = first; row < end; row++) {
                float padded[BLOCK] = {0};
                const float *in = x + row * k + b * BLOCK;
                long left = k - b * BLOCK;
                if (left < BLOCK) in = left > 0 ? memcpy(padded, in, left * sizeof(float)) : padded;
                quantise_tile_block(out + panel * row_tile_bytes(k) + b * bytes, in, row - panel);
            }
        first = end;
    }
}

/* bytes of as many rows of k columns so prepared */
long KERNEL(tiles_bytes)(long rows, long k) { return round_up(rows, TILE_PANEL) * row_tile_bytes(k); }
