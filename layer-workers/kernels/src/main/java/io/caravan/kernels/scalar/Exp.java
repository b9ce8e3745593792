package io.caravan.kernels.scalar;

/**
 * The exponential function of a float, to about one unit in the last place, as Cephes' expf: e^x = 2^n · e^r with
 * |r| ≤ ln 2 / 2 and a polynomial for e^r. Vectors and C take the same steps and have the same bits. Where 2^n is too small for
 * a normal number the result is 0; above {@link #HIGHEST} it stays what it is there; NaN stays NaN.
 */
public final class Exp {
    public static final float LOWEST = -88f;
    public static final float HIGHEST = 88f;

    public static final float LOG2_E = 1.44269504f;
    public static final float LN2_HIGH = 0.693359375f;
    public static final float LN2_LOW = -2.12194440e-4f;

    /** Adding it rounds to a whole number, which is left in the lowest bits. */
    public static final float ROUND = 0x1.8p23f;

    public static final float P0 = 1.9875691500e-4f;
    public static final float P1 = 1.3981999507e-3f;
    public static final float P2 = 8.3334519073e-3f;
    public static final float P3 = 4.1665795894e-2f;
    public static final float P4 = 1.6666665459e-1f;
    public static final float P5 = 5.0000001201e-1f;

    /** The exponent of 1 in a float's bits. */
    public static final int BIAS = 127;

    private Exp() {}

    public static float of(float value) {
        var x = Math.min(Math.max(value, LOWEST), HIGHEST);
        var rounded = x * LOG2_E + ROUND;
        var n = rounded - ROUND;
        var r = Math.fma(n, -LN2_HIGH, x);
        r = Math.fma(n, -LN2_LOW, r);
        var p = Math.fma(r, P0, P1);
        p = Math.fma(p, r, P2);
        p = Math.fma(p, r, P3);
        p = Math.fma(p, r, P4);
        p = Math.fma(p, r, P5);
        p = Math.fma(p, r * r, r) + 1f;
        return p * Float.intBitsToFloat((Float.floatToRawIntBits(rounded) + BIAS) << 23);
    }
}
