package io.caravan.formats.gguf;

import io.caravan.proto.model.RopeScaling;
import java.util.ArrayList;
import java.util.List;

/**
 * Rotary scaling as a file stores it: a divisor for each pair's frequency. Llama 3.1's come from a few parameters, which
 * the file does not hold; they are found again, so that the angles are those of the model that was converted, to the bit.
 */
final class RopeFactors {
    /** Relative; factors are stored as floats, computed from floats. */
    private static final double TOLERANCE = 1e-4;

    /** What every published model with this scaling has. */
    private static final double LOW_FREQUENCY = 1;

    private static final double HIGH_FREQUENCY = 4;

    private RopeFactors() {}

    static RopeScaling scaling(float[] factors, double theta) {
        double factor = factors.length == 0 ? 1 : factors[factors.length - 1];
        for (int pair = 0; pair < factors.length; pair++) {
            if (factors[pair] > 1 && factors[pair] < factor * (1 - TOLERANCE)) {
                var llama3 = through(factors[pair], factor, frequency(pair, factors.length, theta));
                if (fits(llama3, factors, theta)) {
                    return llama3;
                }
            }
        }
        var exact = new ArrayList<Double>();
        for (float each : factors) {
            exact.add((double) each);
        }
        return new RopeScaling.Divisors(exact);
    }

    /** The divisors that a file stores for {@code scaling}; none where it needs none. */
    static List<Double> divisors(RopeScaling scaling, int headDim, double theta) {
        return switch (scaling) {
            case RopeScaling.None none -> List.of();
            case RopeScaling.Linear linear -> List.of();
            case RopeScaling.Yarn yarn -> List.of();
            case RopeScaling.Divisors divisors -> divisors.divisors();
            case RopeScaling.Llama3 llama3 -> {
                var divisors = new ArrayList<Double>();
                for (int pair = 0; pair < headDim / 2; pair++) {
                    divisors.add(divisor(llama3, frequency(pair, headDim / 2, theta)));
                }
                yield divisors;
            }
            case RopeScaling.Dynamic dynamic ->
                throw new IllegalArgumentException(
                        "GGUF has no place for a rotary base that grows with the length of a sequence");
        };
    }

    private static double frequency(int pair, int pairs, double theta) {
        return Math.pow(theta, -(double) pair / pairs);
    }

    /** The scaling in which a pair between the long and the short wavelengths has the divisor {@code between}. */
    private static RopeScaling.Llama3 through(double between, double factor, double frequency) {
        double kept = (1 / between - 1 / factor) / (1 - 1 / factor);
        double turns = LOW_FREQUENCY + kept * (HIGH_FREQUENCY - LOW_FREQUENCY);
        long positions = Math.round(turns * 2 * Math.PI / frequency);
        return new RopeScaling.Llama3(
                factor, LOW_FREQUENCY, HIGH_FREQUENCY, Math.clamp(positions, 1, Integer.MAX_VALUE));
    }

    private static boolean fits(RopeScaling.Llama3 llama3, float[] factors, double theta) {
        for (int pair = 0; pair < factors.length; pair++) {
            double expected = divisor(llama3, frequency(pair, factors.length, theta));
            if (Math.abs(factors[pair] - expected) > TOLERANCE * expected) {
                return false;
            }
        }
        return true;
    }

    private static double divisor(RopeScaling.Llama3 scaling, double frequency) {
        double turns = scaling.originalMaxPositions() * frequency / (2 * Math.PI);
        double kept = (turns - scaling.lowFreqFactor()) / (scaling.highFreqFactor() - scaling.lowFreqFactor());
        double clamped = Math.clamp(kept, 0, 1);
        return 1 / (clamped + (1 - clamped) / scaling.factor());
    }
}
