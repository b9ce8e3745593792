package io.caravan.proto.model;

import java.util.List;

/** How rotary frequencies are stretched for contexts longer than the model was first trained on. */
public sealed interface RopeScaling {

    /** Frequencies as trained. */
    record None() implements RopeScaling {}

    /** Every frequency divided by {@code factor} (Chen et al. 2023, position interpolation). */
    record Linear(double factor) implements RopeScaling {
        public Linear {
            if (!(factor > 0)) {
                throw new IllegalArgumentException("rope_scaling.factor must be positive, not " + factor);
            }
        }
    }

    /** Each pair's frequency divided by a number of its own. */
    record Divisors(List<Double> divisors) implements RopeScaling {
        public Divisors {
            divisors = List.copyOf(divisors);
            for (double divisor : divisors) {
                if (!(divisor > 0)) {
                    throw new IllegalArgumentException(
                            "rotary frequencies are divided by positive numbers, not " + divisor);
                }
            }
        }
    }

    /**
     * Llama 3.1's scaling: long wavelengths are divided by {@code factor}, short ones kept, those between are blended.
     */
    record Llama3(double factor, double lowFreqFactor, double highFreqFactor, int originalMaxPositions)
            implements RopeScaling {
        public Llama3 {
            if (!(factor > 0)
                    || !(lowFreqFactor > 0)
                    || !(highFreqFactor > lowFreqFactor)
                    || originalMaxPositions < 1) {
                throw new IllegalArgumentException("llama3 rope_scaling needs factor > 0, 0 < low_freq_factor <"
                        + " high_freq_factor and original_max_position_embeddings >= 1, not " + factor + ", "
                        + lowFreqFactor + ", " + highFreqFactor + ", " + originalMaxPositions);
            }
        }
    }
}
