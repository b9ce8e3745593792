/*
 * Weights brought into the quantised formats, as the classes of io.caravan.kernels.quant do it and with the same bits: the same
 * operations on the same floats and doubles in the same order, but on all groups of a block at a time, so that vectors help.
 * Loops over groups are plain C for the compiler to turn into vectors.
 */
#include "formats.h"

/* magnitudes between which no scale, and no scale's inverse, ends at infinity or loses bits below the smallest normal float */
#define LEAST 1e-30f
#define MOST 1e30f

#define EACH(i, count) for (int i = 0; i < (count); i++)
/* over groups: left a loop until the compiler looks for vectors */
#define EACH_GROUP(g, count) _Pragma("GCC unroll 1") EACH(g, count)

INLINE float size_of(float x) { return __builtin_fabsf(x); }

/* x brought into [least, most] and rounded to the nearest integer, ties to even; 0 where it is not a number */
INLINE int nearest(float x, float least, float most) {
    x = x != x ? 0 : x < least ? least : x > most ? most : x;
    return (int)__builtin_rintf(x);
}

static uint16_t half_of(float x) {
    float all[LANES] = {x};
    uint16_t halves[LANES];
    vf_to_f16(halves, vf_load(all));
    return halves[0];
}

static float of_half(uint16_t half) {
    uint16_t halves[LANES] = {half};
    float all[LANES];
    vf_store(all, vf_from_f16(halves));
    return all[0];
}

/* stores x in half precision and gives what was stored */
static float put_half(uint8_t *at, float x) {
    uint16_t half = half_of(x);
    memcpy(at, &half, 2);
    return of_half(half);
}

/* whether all of x are 0, or the largest is neither tiny nor huge; never where one is not a number */
static int usual(const float *x, int count) {
    float most = 0;
    int numbers = 1;
    EACH(i, count) {
        numbers &= x[i] - x[i] == 0;
        most = size_of(x[i]) > most ? size_of(x[i]) : most;
    }
    return numbers && (most == 0 || (most >= LEAST && most <= MOST));
}

static float extreme_of(const float *x, int count) {
    float extreme = 0;
    EACH(i, count) extreme = size_of(x[i]) > size_of(extreme) ? x[i] : extreme;
    return extreme;
}

static void put_q8_0(const float *x, uint8_t *block) {
    float most = 0;
    EACH(i, BLOCK) most = size_of(x[i]) > most ? size_of(x[i]) : most;
    float scale = most / 127, inverse = scale == 0 ? 0 : 1 / scale;
    put_half(block, scale);
    EACH(i, BLOCK) {
        double value = x[i] * inverse;
        block[2 + i] = (uint8_t)(int8_t)(value < 0 ? value - 0.5 : value + 0.5); /* away from zero, as roundf */
    }
}

INLINE int level_q4_0(float scaled) {
    int level = (int)(scaled + 8.5f);
    return level < 15 ? level : 15;
}

static void put_q4_0(const float *x, uint8_t *block) {
    float scale = extreme_of(x, BLOCK) / -8, inverse = scale == 0 ? 0 : 1 / scale;
    put_half(block, scale);
    EACH(i, BLOCK / 2) block[2 + i] = (uint8_t)(level_q4_0(x[i] * inverse) | level_q4_0(x[16 + i] * inverse) << 4);
}

/* x [groups][count] as [count][groups] */
INLINE void transpose(float *to, const float *x, int groups, int count) {
    EACH(i, count) EACH_GROUP(g, groups) to[i * groups + g] = x[g * count + i];
}

#define LINES 8
#define LINE_TRIES 21

/* the line for levels 0..15 of each of LINES groups, as Fit.line finds it; x [BLOCK][LINES] */
static void fit_lines(const float *x, float *scales, float *minimums) {
    float least[LINES] = {0}, largest[LINES], typical[LINES], weight[BLOCK][LINES];
    double squares[LINES] = {0}, weights[LINES] = {0}, sum[LINES] = {0}, sum2[LINES] = {0}, best[LINES];
    EACH_GROUP(g, LINES) largest[g] = -__builtin_inff(), best[g] = __builtin_inf();
    EACH(i, BLOCK) EACH_GROUP(g, LINES) {
        float value = x[i * LINES + g];
        least[g] = value < least[g] ? value : least[g];
        largest[g] = value > largest[g] ? value : largest[g];
        squares[g] += (double)value * value;
    }
    EACH_GROUP(g, LINES) typical[g] = (float)__builtin_sqrt(squares[g] / BLOCK);
    EACH(i, BLOCK) EACH_GROUP(g, LINES) {
        float value = x[i * LINES + g];
        weight[i][g] = typical[g] + size_of(value);
        double weighted = (double)weight[i][g] * value;
        weights[g] += weight[i][g];
        sum[g] += weighted;
        sum2[g] += weighted * value;
    }
    EACH_GROUP(g, LINES) scales[g] = (largest[g] - least[g]) / 15, minimums[g] = least[g];
    EACH(try, LINE_TRIES) {
        float inverse[LINES], origin[LINES];
        double q[LINES] = {0}, qq[LINES] = {0}, xq[LINES] = {0};
        EACH_GROUP(g, LINES) origin[g] = minimums[g], inverse[g] = (14 + 0.1f * try) / (largest[g] - origin[g]);
        EACH(i, BLOCK) EACH_GROUP(g, LINES) {
            float value = x[i * LINES + g], at = inverse[g] * (value - origin[g]) + 0.5f;
            at = at > 0 ? at : 0; /* where it is not a number too */
            at = at < 15 ? at : 15;
            int level = (int)at;
            double weighted = (double)weight[i][g] * level;
            q[g] += weighted;
            qq[g] += weighted * level;
            xq[g] += weighted * value;
        }
        EACH_GROUP(g, LINES) {
            double determinant = weights[g] * qq[g] - q[g] * q[g];
            double lowest = determinant > 0 ? (qq[g] * sum[g] - q[g] * xq[g]) / determinant : 0;
            float scale = lowest < 0 ? (float)((weights[g] * xq[g] - sum[g] * q[g]) / determinant)
                        : qq[g] > 0  ? (float)(xq[g] / qq[g])
                                     : 0;
            float minimum = lowest < 0 ? (float)lowest : 0;
            double s = scale, m = minimum;
            double error = sum2[g] + s * s * qq[g] + m * m * weights[g] + 2 * (s * m * q[g] - s * xq[g] - m * sum[g]);
            int better = error < best[g];
            best[g] = better ? error : best[g];
            scales[g] = better ? scale : scales[g];
            minimums[g] = better ? minimum : minimums[g];
        }
    }
    EACH_GROUP(g, LINES) {
        int flat = !(largest[g] > least[g]);
        scales[g] = flat ? 0 : scales[g];
        minimums[g] = flat ? least[g] : minimums[g];
    }
}

static float largest_of(const float *x, int count) {
    float largest = 0;
    EACH(i, count) largest = x[i] > largest ? x[i] : largest;
    return largest;
}

static void put_q4_k(const float *x, uint8_t *block) {
    float columns[SUPER], scales[LINES], minima[LINES];
    transpose(columns, x, LINES, BLOCK);
    fit_lines(columns, scales, minima);
    EACH_GROUP(g, LINES) minima[g] = -minima[g];
    float factor[2] = {put_half(block, largest_of(scales, LINES) / 63), put_half(block + 2, largest_of(minima, LINES) / 63)};
    int s[LINES], m[LINES];
    EACH_GROUP(g, LINES) {
        s[g] = factor[0] == 0 ? 0 : nearest(scales[g] / factor[0], 0, 63);
        m[g] = factor[1] == 0 ? 0 : nearest(minima[g] / factor[1], 0, 63);
    }
    EACH(i, 4) {
        block[4 + i] = (uint8_t)(s[i] | s[i + 4] >> 4 << 6);
        block[8 + i] = (uint8_t)(m[i] | m[i + 4] >> 4 << 6);
        block[12 + i] = (uint8_t)((s[i + 4] & 15) | (m[i + 4] & 15) << 4);
    }
    uint8_t levels[SUPER];
    EACH_GROUP(g, LINES) {
        float scale = factor[0] * s[g], minimum = factor[1] * m[g];
        EACH(i, BLOCK) levels[g * BLOCK + i] = scale == 0 ? 0 : (uint8_t)nearest((x[g * BLOCK + i] + minimum) / scale, 0, 15);
    }
    EACH(g, LINES / 2) EACH(i, BLOCK)
        block[16 + g * BLOCK + i] = (uint8_t)(levels[2 * g * BLOCK + i] | levels[(2 * g + 1) * BLOCK + i] << 4);
}

#define SCALES 16
#define SCALE_TRIES 9

/* the scale for levels -32..31 of each of SCALES groups, as Fit.scale finds it; x [16][SCALES] */
static void fit_scales(const float *x, float *scales) {
    float extreme[SCALES] = {0};
    double best[SCALES] = {0};
    EACH(i, SUPER / SCALES) EACH_GROUP(g, SCALES) {
        float value = x[i * SCALES + g];
        extreme[g] = size_of(value) > size_of(extreme[g]) ? value : extreme[g];
    }
    EACH_GROUP(g, SCALES) scales[g] = extreme[g] / -32;
    for (int try = -SCALE_TRIES; try <= SCALE_TRIES; try++) {
        float inverse[SCALES];
        double product[SCALES] = {0}, squares[SCALES] = {0};
        EACH_GROUP(g, SCALES) inverse[g] = extreme[g] == 0 ? 0 : -(32 + 0.1f * try) / extreme[g];
        EACH(i, SUPER / SCALES) EACH_GROUP(g, SCALES) {
            double value = x[i * SCALES + g];
            int level = nearest(inverse[g] * x[i * SCALES + g], -32, 31);
            product[g] += value * value * value * level;
            squares[g] += value * value * level * level;
        }
        EACH_GROUP(g, SCALES) {
            double gain = product[g] * product[g] / squares[g];
            int better = gain > best[g];
            best[g] = better ? gain : best[g];
            scales[g] = better ? (float)(product[g] / squares[g]) : scales[g];
        }
    }
    EACH_GROUP(g, SCALES) scales[g] = extreme[g] == 0 ? 0 : scales[g];
}

static void put_q6_k(const float *x, uint8_t *block) {
    float columns[SUPER], scales[SCALES];
    transpose(columns, x, SCALES, SUPER / SCALES);
    fit_scales(columns, scales);
    memset(block, 0, 208);
    float factor = put_half(block + 208, extreme_of(scales, SCALES) / -128);
    int levels[SUPER];
    EACH_GROUP(g, SCALES) {
        int level = factor == 0 ? 0 : nearest(scales[g] / factor, -128, 127);
        block[192 + g] = (uint8_t)level;
        float scale = factor * level;
        EACH(i, SUPER / SCALES) {
            int at = g * (SUPER / SCALES) + i;
            levels[at] = 32 + (scale == 0 ? 0 : nearest(x[at] / scale, -32, 31));
        }
    }
    EACH(i, SUPER) {
        block[(i >> 7) * 64 + (i & 63)] |= (uint8_t)((levels[i] & 15) << (i >> 6 & 1) * 4);
        block[128 + (i >> 7) * 32 + (i & 31)] |= (uint8_t)(levels[i] >> 4 << (i >> 5 & 3) * 2);
    }
}

/*
 * x [count] as blocks of one of the formats, Q8_0, Q4_0, Q4_K or Q6_K. Stops before a block with numbers that Java treats in its own way: infinite ones, and
 * such as leave a scale's range; returns how many elements were brought into blocks.
 */
long KERNEL(quantise)(long file, const float *x, uint8_t *out, long count) {
    long columns = formats[file].columns, done = 0;
    for (; done < count && usual(x + done, (int)columns); done += columns, out += formats[file].bytes) {
        switch ((enum file)file) {
            case FILE_Q8_0: put_q8_0(x + done, out); break;
            case FILE_Q4_0: put_q4_0(x + done, out); break;
            case FILE_Q4_K: put_q4_k(x + done, out); break;
            default: put_q6_k(x + done, out);
        }
    }
    return done;
}
