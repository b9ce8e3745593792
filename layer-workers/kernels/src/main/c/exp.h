/*
 * The exponential function of a vector, to about one unit in the last place between -87 and 88; 0 from -88 down. Java's Exp takes the
 * same steps: the results have the same bits, and tokens are drawn from them.
 */
#ifndef CARAVAN_EXP_H
#define CARAVAN_EXP_H

#include "simd.h"

/* 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2] (Cody and Waite's reduction; coefficients as in Cephes' expf) */
INLINE vf vf_exp(vf x) {
    x = vf_min(vf_set(88.0f), vf_max(vf_set(-88.0f), x));
    vf n = vf_round(vf_mul(x, vf_set(1.44269504088896341f)));
    vf r = vf_fma(n, vf_set(-0.693359375f), x);
    r = vf_fma(n, vf_set(2.12194440e-4f), r);
    vf p = vf_set(1.9875691500e-4f);
    p = vf_fma(p, r, vf_set(1.3981999507e-3f));
    p = vf_fma(p, r, vf_set(8.3334519073e-3f));
    p = vf_fma(p, r, vf_set(4.1665795894e-2f));
    p = vf_fma(p, r, vf_set(1.6666665459e-1f));
    p = vf_fma(p, r, vf_set(5.0000001201e-1f));
    p = vf_add(vf_fma(p, vf_mul(r, r), r), vf_set(1.0f));
    vi power = vi_shl(vi_add(vi_from_float(n), vi_set(127)), 23);
    return vf_mul(p, vf_bits(power));
}

#endif
