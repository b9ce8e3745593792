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
