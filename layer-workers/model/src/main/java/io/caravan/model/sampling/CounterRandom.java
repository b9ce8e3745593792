package io.caravan.model.sampling;

/**
 * Random numbers without state: the draw for a position is a hash of (seed, position). A sequence that is computed again,
 * by another worker or after a failure, draws what it drew before, and no draw depends on what else is in the batch.
 *
 * <p>The hash is SplitMix64's finaliser (Steele, Lea, Flood 2014), applied once to the seed and once more to the position
 * added to it in steps of the golden ratio, so that neighbouring seeds and positions give unrelated numbers.
 */
public final class CounterRandom {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private CounterRandom() {}

    /** A number in [0, 1), uniform to 53 bits. */
    public static double uniform(long seed, long position) {
        long stream = mix(seed + GOLDEN_GAMMA);
        return (mix(stream + (position + 1) * GOLDEN_GAMMA) >>> 11) * 0x1p-53;
    }

    private static long mix(long bits) {
        long mixed = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
