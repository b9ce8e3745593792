package io.caravan.model;

import io.caravan.proto.model.RopeScaling;

/** Radians per position of the pairs (i, i + headDim / 2), in double: see {@link Rope}. */
final class RopeFrequencies {
    /** What keeps a blend that begins where it ends from dividing by zero; transformers' and llama.cpp's. */
    private static final double NARROWEST_BLEND = 0.001;

    private RopeFrequencies() {}

    /**
     * The frequencies of a row, [headDim / 2].
     *
     * @param length of the row's sequence, which matters to {@link RopeScaling.Dynamic} alone
     */
    static double[] of(int headDim, double theta, RopeScaling scaling, int length) {
        return switch (scaling) {
            case RopeScaling.None none -> trained(headDim, theta);
            case RopeScaling.Linear linear -> {
                double[] frequencies = trained(headDim, theta);
                for (int pair = 0; pair < frequencies.length; pair++) {
                    frequencies[pair] /= linear.factor();
                }
                yield frequencies;
            }
            case RopeScaling.Divisors divisors -> {
                double[] frequencies = trained(headDim, theta);
                for (int pair = 0; pair < frequencies.length; pair++) {
                    frequencies[pair] /= divisors.divisors().get(pair);
                }
                yield frequencies;
            }
            case RopeScaling.Llama3 llama3 -> {
                double[] frequencies = trained(headDim, theta);
                for (int pair = 0; pair < frequencies.length; pair++) {
                    frequencies[pair] = scaled(frequencies[pair], llama3);
                }
                yield frequencies;
            }
            case RopeScaling.Yarn yarn -> blended(headDim, theta, yarn);
            case RopeScaling.Dynamic dynamic -> trained(headDim, dynamic.theta(theta, headDim, length));
        };
    }

    private static double[] trained(int headDim, double theta) {
        double[] frequencies = new double[headDim / 2];
        for (int pair = 0; pair < frequencies.length; pair++) {
            frequencies[pair] = Math.pow(theta, -2.0 * pair / headDim);
        }
        return frequencies;
    }

    /** Pairs that turn often within the original context are kept, those that never turn are slowed, others blended. */
    private static double scaled(double trained, RopeScaling.Llama3 scaling) {
        double turns = scaling.originalMaxPositions() * trained / (2 * Math.PI);
        if (turns > scaling.highFreqFactor()) {
            return trained;
        }
        if (turns < scaling.lowFreqFactor()) {
            return trained / scaling.factor();
        }
        double kept = (turns - scaling.lowFreqFactor()) / (scaling.highFreqFactor() - scaling.lowFreqFactor());
        return (1 - kept) * trained / scaling.factor() + kept * trained;
    }

    private static double[] blended(int headDim, double theta, RopeScaling.Yarn yarn) {
        double first = pairThatTurns(yarn.betaFast(), headDim, theta, yarn);
        double last = pairThatTurns(yarn.betaSlow(), headDim, theta, yarn);
        first = Math.max(0, yarn.truncate() ? Math.floor(first) : first);
        last = Math.min(headDim - 1, yarn.truncate() ? Math.ceil(last) : last);
        double width = first == last ? NARROWEST_BLEND : last - first;
        double[] frequencies = trained(headDim, theta);
        for (int pair = 0; pair < frequencies.length; pair++) {
            double divided = Math.clamp((pair - first) / width, 0, 1);
            frequencies[pair] = frequencies[pair] / yarn.factor() * divided + frequencies[pair] * (1 - divided);
        }
        return frequencies;
    }

    /** The pair, as a number between pairs, that turns so many times within the original context. */
    private static double pairThatTurns(double turns, int headDim, double theta, RopeScaling.Yarn yarn) {
        return headDim * Math.log(yarn.originalMaxPositions() / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }
}
