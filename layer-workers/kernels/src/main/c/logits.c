/*
 * The passes over all logits of a vocabulary that choosing a token takes. Every CPU path and Java have the same bits here, so sums
 * are made of as many lanes everywhere.
 */
#include "exp.h"

#define LOGITS 64 /* of a block, which has a highest logit and a sum of weights of its own */
#define SUMS 16   /* lanes that a block's sum is made of */

/* the highest of each block of count logits; NaN where one of them is */
void KERNEL(highest)(float *highest, const float *logits, long count) {
    for (long first = 0; first < count; first += LOGITS) {
        vf least = vf_set(-__builtin_inff()), high = least;
        vi size = vi_zero(); /* bits of a NaN without its sign are above all others */
        for (long i = first; i < first + LOGITS && i < count; i += LANES) {
            vf x = vf_load_some(logits + i, count - i);
            if (count - i < LANES) x = vf_first((int)(count - i), x, least);
            high = vf_max(high, x);
            size = vi_max(size, vi_and(vi_bits(x), vi_set(0x7fffffff)));
        }
        int32_t lanes[LANES], most = 0;
        vi_store(lanes, size);
        for (int i = 0; i < LANES; i++) most = lanes[i] > most ? lanes[i] : most;
        highest[first / LOGITS] = most > 0x7f800000 ? __builtin_nanf("") : vf_most(high);
    }
}

/* weights = e^((logits - most) / temperature), and the sum of each block of them */
void KERNEL(weigh)(float *weights, float *sums, const float *logits, long count, float most, float temperature) {
    for (long first = 0; first < count; first += LOGITS) {
        vf sum[SUMS / LANES];
        for (int v = 0; v < SUMS / LANES; v++) sum[v] = vf_zero();
        for (long i = first; i < first + LOGITS && i < count; i += SUMS) {
            for (int v = 0; v < SUMS / LANES; v++) {
                long at = i + v * LANES, left = count - at;
                if (left <= 0) break;
                vf weight = vf_exp(vf_div(vf_sub(vf_load_some(logits + at, left), vf_set(most)), vf_set(temperature)));
                if (left < LANES) weight = vf_first((int)left, weight, vf_zero());
                vf_store_some(weights + at, weight, left);
                sum[v] = vf_add(sum[v], weight);
            }
        }
        for (int width = SUMS / LANES / 2; width > 0; width /= 2)
            for (int v = 0; v < width; v++) sum[v] = vf_add(sum[v], sum[v + width]);
        sums[first / LOGITS] = vf_sum(sum[0]);
    }
}

#define STEPS 1024           /* of equal width that scores are told apart by */
#define UNITS 1099511627776.0f /* weights are counted in so small parts of the likeliest token's: 2^40 */

/* how many steps a logit lies below the highest; far below is the last one, and comparing as floats keeps the conversion defined */
INLINE int32_t step_of(float logit, float most, float steps_per_logit) {
    float step = (most - logit) * steps_per_logit;
    return (int32_t)(step < STEPS - 1 ? step : STEPS - 1);
}

/* where the tokens of the block that begins at first end; at first where all of them are lighter than least */
INLINE long end_of(long first, long count, const float *sums, float least) {
    if (sums[first / LOGITS] < least) return first;
    return count < first + LOGITS ? count : first + LOGITS;
}

/* counts the tokens of each step and their mass, lighter ones than least left out */
void KERNEL(deal)(int32_t *counts, int64_t *masses, const float *weights, const float *sums, const float *logits, long count,
                  float least, float most, float steps_per_logit) {
    for (int step = 0; step < STEPS; step++) counts[step] = 0, masses[step] = 0;
    for (long first = 0; first < count; first += LOGITS) {
        long end = end_of(first, count, sums, least);
        for (long id = first; id < end; id++) {
            if (weights[id] < least) continue;
            int32_t step = step_of(logits[id], most, steps_per_logit);
            counts[step]++;
            masses[step] += (int64_t)(weights[id] * UNITS);
        }
    }
}

/* the tokens of one step by rising id; returns how many they are */
long KERNEL(pick)(int32_t *ids, int32_t wanted, const float *weights, const float *sums, const float *logits, long count,
                  float least, float most, float steps_per_logit) {
    long picked = 0;
    for (long first = 0; first < count; first += LOGITS) {
        long end = end_of(first, count, sums, least);
        for (long id = first; id < end; id++) {
            ids[picked] = (int32_t)id; /* stays only where it is counted */
            picked += (weights[id] >= least) & (step_of(logits[id], most, steps_per_logit) == wanted);
        }
    }
    return picked;
}
