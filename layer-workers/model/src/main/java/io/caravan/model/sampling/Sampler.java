package io.caravan.model.sampling;

import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice.Choice;

/**
 * Chooses the next token from logits, in the order that {@link Sampling} fixes: bias and penalties, temperature, top-k,
 * top-p, min-p, one draw.
 *
 * <p>Top-k keeps exactly k tokens, the lower id first where logits are equal. Top-p keeps the fewest likeliest of those
 * that reach its share of their sum. Min-p keeps those at least that many times as likely as the likeliest, which is why
 * it needs no new sum. Weights and sums are doubles in a fixed order, so equal logits give equal tokens.
 *
 * <p>Log-probabilities are those of the model itself: from the raw logits, before bias, penalties and temperature, as
 * OpenAI's and vLLM's are. Not thread-safe: it keeps its scratch.
 */
public final class Sampler {
    private final int vocabSize;
    private final Penalties penalties;
    private final Ranking ranking;
    private final float[] adjusted; // [vocab] logits after bias and penalties
    private final double[] weights; // [vocab] of the candidates, 1 for the likeliest
    private final int[] candidates; // [vocab] token ids

    public Sampler(int vocabSize) {
        this.vocabSize = vocabSize;
        penalties = new Penalties(vocabSize);
        ranking = new Ranking(vocabSize);
        adjusted = new float[vocabSize];
        weights = new double[vocabSize];
        candidates = new int[vocabSize];
    }

    /**
     * The token for {@code position}.
     *
     * @param logits [vocab], left as they are
     * @param position index of the new token in its sequence
     * @throws ArithmeticException when the logits hold a NaN or leave no token possible
     * @throws IllegalArgumentException when the history that the sampling needs is not the whole sequence
     */
    public TokenChoice choose(float[] logits, int position, Choice choice) {
        if (logits.length != vocabSize) {
            throw new IllegalArgumentException(
                    "a vocabulary of " + vocabSize + " needs as many logits, not " + logits.length);
        }
        checkHistory(position, choice);
        System.arraycopy(logits, 0, adjusted, 0, vocabSize);
        penalties.apply(adjusted, choice.sampling(), choice.history(), choice.historyPromptCount());
        int best = likeliest(position);
        int token = choice.sampling().temperature() == 0 ? best : draw(adjusted[best], position, choice.sampling());
        return report(logits, position, token, choice);
    }

    private void checkHistory(int position, Choice choice) {
        if (!choice.sampling().needsHistory()) {
            return;
        }
        TokenIds history = choice.history();
        if (history.size() != position
                || choice.historyPromptCount() < 0
                || choice.historyPromptCount() > history.size()) {
            throw new IllegalArgumentException("penalties at position " + position + " need the " + position
                    + " tokens before it, not " + history.size() + " of which " + choice.historyPromptCount()
                    + " are the prompt");
        }
        for (int i = 0; i < history.size(); i++) {
            if (history.get(i) < 0 || history.get(i) >= vocabSize) {
                throw new IllegalArgumentException(
                        "token " + history.get(i) + " at position " + i + " is not in the vocabulary of " + vocabSize);
            }
        }
    }

    private int likeliest(int position) {
        int best = 0;
        float most = Float.NEGATIVE_INFINITY;
        for (int id = 0; id < vocabSize; id++) {
            float logit = adjusted[id];
            if (logit > most) {
                most = logit;
                best = id;
            } else if (Float.isNaN(logit)) {
                throw new ArithmeticException("the logits for position " + position + " are not numbers: token " + id
                        + " has NaN; the checkpoint or a kernel is broken");
            }
        }
        if (most == Float.NEGATIVE_INFINITY) {
            throw new ArithmeticException(
                    "no token is possible at position " + position + ": every logit is -infinity");
        }
        return best;
    }

    private int draw(float most, int position, Sampling sampling) {
        boolean truncates =
                (sampling.topK() > 0 && sampling.topK() < vocabSize) || sampling.topP() < 1 || sampling.minP() > 0;
        int count = truncates ? truncate(most, sampling) : keepAll(most, sampling.temperature());
        double total = 0;
        for (int i = 0; i < count; i++) {
            total += weights[i];
        }
        double target = CounterRandom.uniform(sampling.seed(), position) * total;
        double passed = 0;
        int last = candidates[0];
        for (int i = 0; i < count; i++) {
            if (weights[i] > 0) {
                passed += weights[i];
                last = candidates[i];
                if (target < passed) {
                    break;
                }
            }
        }
        return last;
    }

    private int keepAll(float most, float temperature) {
        for (int id = 0; id < vocabSize; id++) {
            candidates[id] = id;
            weights[id] = weight(adjusted[id], most, temperature);
        }
        return vocabSize;
    }

    /** Fills candidates and weights, likeliest first, and says how many are kept. */
    private int truncate(float most, Sampling sampling) {
        float temperature = sampling.temperature();
        double total = sampling.topK() > 0 && sampling.topK() < vocabSize
                ? rankTopK(most, sampling)
                : rankThoseThatMatter(most, sampling);
        int limit = sampling.topK() > 0 ? Math.min(sampling.topK(), ranking.count()) : ranking.count();
        double enough = sampling.topP() < 1 ? sampling.topP() * total : Double.POSITIVE_INFINITY;
        double mass = 0;
        int kept = 0;
        while (kept < limit && mass < enough) {
            int id = ranking.at(kept);
            double weight = weight(adjusted[id], most, temperature);
            if (kept > 0 && weight < sampling.minP()) {
                break;
            }
            candidates[kept] = id;
            weights[kept] = weight;
            mass += weight;
            kept++;
        }
        return kept;
    }

    /** Ranks the k likeliest tokens, and those as likely as the last of them; returns the sum of the first k. */
    private double rankTopK(float most, Sampling sampling) {
        ranking.resetToBest(adjusted, sampling.topK());
        double total = 0;
        for (int rank = 0; rank < sampling.topK(); rank++) {
            total += weight(adjusted[ranking.at(rank)], most, sampling.temperature());
        }
        return total;
    }

    /**
     * Ranks the tokens that top-p and min-p could keep and returns the sum of all. Tokens lighter than half of the mean
     * share of what top-p leaves out cannot reach that together, so none of them is needed to fill top-p's share.
     */
    private double rankThoseThatMatter(float most, Sampling sampling) {
        if (sampling.topP() == 1) {
            rankMinP(most, sampling);
            return Double.NaN; // without top-p nobody asks for it
        }
        double total = 0;
        for (int id = 0; id < vocabSize; id++) {
            weights[id] = weight(adjusted[id], most, sampling.temperature());
            total += weights[id];
        }
        double leastOfTopP = 0.5 * (1 - (double) sampling.topP()) * total / vocabSize;
        double least = Math.max(leastOfTopP, sampling.minP());
        ranking.reset(adjusted);
        for (int id = 0; id < vocabSize; id++) {
            if (weights[id] >= least) {
                ranking.add(id);
            }
        }
        return total;
    }

    /** Ranks the tokens that min-p keeps. The logarithm leaves out most others, without their weights. */
    private void rankMinP(float most, Sampling sampling) {
        double least = Math.log(sampling.minP()) * sampling.temperature() - 1e-6 * sampling.temperature();
        ranking.reset(adjusted);
        for (int id = 0; id < vocabSize; id++) {
            if (!((double) adjusted[id] - most < least)
                    && weight(adjusted[id], most, sampling.temperature()) >= sampling.minP()) {
                ranking.add(id);
            }
        }
    }

    /** Probability relative to the likeliest token's. The comparison keeps an infinite logit from becoming a NaN. */
    private static double weight(float logit, float most, float temperature) {
        return logit == most ? 1 : Math.exp(((double) logit - most) / temperature);
    }

    private TokenChoice report(float[] logits, int position, int token, Choice choice) {
        int alternativeCount = choice.sampling().topLogprobs();
        float[] reported = choice.logits() ? logits.clone() : new float[0];
        if (alternativeCount < 0) {
            return new TokenChoice(position, token, Float.NaN, TokenIds.EMPTY, new float[0], reported);
        }
        double logSum = logSumExp(logits);
        int count = Math.min(alternativeCount, vocabSize);
        int[] alternatives = new int[count];
        float[] logprobs = new float[count];
        if (count > 0) {
            ranking.resetToBest(logits, count);
        }
        for (int rank = 0; rank < count; rank++) {
            alternatives[rank] = ranking.at(rank);
            logprobs[rank] = (float) (logits[alternatives[rank]] - logSum);
        }
        return new TokenChoice(
                position, token, (float) (logits[token] - logSum), TokenIds.of(alternatives), logprobs, reported);
    }

    private static double logSumExp(float[] logits) {
        double most = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            most = Math.max(most, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - most);
        }
        return most + Math.log(sum);
    }
}
