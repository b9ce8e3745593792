package io.caravan.proto.model;

import java.util.List;

/** How rotary frequencies are stretched for contexts longer than the model was first trained on. */
public sealed interface RopeScaling {

    /** What rotated queries and keys are multiplied by. */
    default double amplitude() {
        return this instanceof Yarn yarn ? yarn.attentionFactor() : 1;
    }

    /** How many positions a model serves that was declared with {@code declaredPositions}. */
    default int context(int declaredPositions) {
        return switch (this) {
            case None none -> declaredPositions;
            case Linear linear -> declaredPositions;
            case Divisors divisors -> declaredPositions;
            case Llama3 llama3 -> declaredPositions;
            // As vLLM has it: models are published with the context they were trained on, and stretched by these two.
            case Yarn yarn -> (int) (yarn.factor() * yarn.originalMaxPositions());
            case Dynamic dynamic -> (int) (dynamic.factor() * dynamic.originalMaxPositions());
        };
    }

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

    /**
     * YaRN (Peng et al. 2023): pairs that turn often within the original context are kept, those that turn seldom are divided
     * by {@code factor}, those between are blended.
     *
     * @param attentionFactor what rotated queries and keys are multiplied by
     * @param betaFast turns within the original context from which on a pair is kept
     * @param betaSlow turns down to which a pair is divided as a whole
     * @param truncate whether the blend begins and ends at whole pairs
     */
    record Yarn(
            double factor,
            int originalMaxPositions,
            double attentionFactor,
            double betaFast,
            double betaSlow,
            boolean truncate)
            implements RopeScaling {
        public static final double BETA_FAST = 32;
        public static final double BETA_SLOW = 1;

        public Yarn {
            if (!(factor > 0)
                    || originalMaxPositions < 1
                    || !(attentionFactor > 0)
                    || !(betaSlow > 0)
                    || !(betaFast > betaSlow)) {
                throw new IllegalArgumentException(
                        "yarn rope_scaling needs factor > 0, original_max_position_embeddings"
                                + " >= 1, attention_factor > 0 and 0 < beta_slow < beta_fast, not " + factor + ", "
                                + originalMaxPositions + ", " + attentionFactor + ", " + betaSlow + ", " + betaFast);
            }
        }

        /** The one that the authors found: 0.1 mscale ln(factor) + 1. */
        public static double attentionFactor(double factor, double mscale) {
            return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
        }
    }

    /**
     * A base that grows with the length of a sequence beyond the original context. A row's length is that of its whole prompt,
     * or that of the sequence up to the row where it was chosen: so every row has the frequencies that it would have where a
     * prompt is computed at once and each token after it alone, whatever the chunks, and a sequence that is computed again has the
     * same.
     */
    record Dynamic(double factor, int originalMaxPositions) implements RopeScaling {
        public Dynamic {
            if (!(factor > 0) || originalMaxPositions < 1) {
                throw new IllegalArgumentException("dynamic rope_scaling needs factor > 0 and"
                        + " max_position_embeddings >= 1, not " + factor + ", " + originalMaxPositions);
            }
        }

        /** The base for a row of a sequence of {@code length}, where {@code theta} is that within the original context. */
        public double theta(double theta, int headDim, int length) {
            double stretch = factor * Math.max(length, originalMaxPositions) / originalMaxPositions - (factor - 1);
            return theta * Math.pow(stretch, (double) headDim / (headDim - 2));
        }
    }
}
