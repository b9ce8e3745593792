package io.caravan.model.sampling;

import io.caravan.kernels.LogitKernels;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice.Choice;
import java.util.function.DoublePredicate;

/**
 * Chooses the next token from logits, in the order that {@link Sampling} fixes: bias and penalties, temperature, top-k,
 * top-p, min-p, one draw.
 *
 * <p>Top-k keeps exactly k tokens, the lower id first where logits are equal. Top-p keeps the fewest likeliest of those
 * that reach its share of their sum. Min-p keeps those at least that many times as likely as the likeliest, which is why
 * it needs no new sum. Weights are floats with the same bits by any kernels, so equal logits give equal tokens.
 *
 * <p>Log-probabilities are those of the model itself: from the raw logits, before bias, penalties and temperature, as
 * OpenAI's and vLLM's are. Not thread-safe: it keeps its scratch.
 */
public final class Sampler {
    private final int vocabSize;
    private final LogitKernels kernels;
    private final Penalties penalties;
    private final Ranking ranking;
    private final Candidates candidates;
    private final float[] adjusted; // [vocab] logits after bias and penalties
    private final float[] highest; // [blocks] of them

    public Sampler(int vocabSize, LogitKernels kernels) {
        this.vocabSize = vocabSize;
        this.kernels = kernels;
        penalties = new Penalties(vocabSize);
        ranking = new Ranking(vocabSize);
        candidates = new Candidates(vocabSize, kernels);
        adjusted = new float[vocabSize];
        highest = new float[LogitKernels.blocks(vocabSize)];
    }

    /**
     * The token for {@code position}.
     *
     * @param logits [vocab], left as they are
     * @param position index of the new token in its sequence
     * @throws ArithmeticException when the logits hold a NaN or an infinity, or leave no token possible
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
        int token = choose(likeliest(position), position, choice.sampling());
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
        kernels.highest(highest, adjusted, vocabSize);
        int best = 0;
        for (int block = 0; block < highest.length; block++) {
            if (Float.isNaN(highest[block])) {
                throw new ArithmeticException("the logits for position " + position + " are not numbers: token "
                        + first(block, Double::isNaN) + " has NaN; the checkpoint or a kernel is broken");
            }
            best = highest[block] > highest[best] ? block : best;
        }
        float most = highest[best];
        if (most == Float.POSITIVE_INFINITY) {
            throw new ArithmeticException("the logits for position " + position + " are not numbers: token "
                    + first(best, logit -> logit == most) + " has infinity; the checkpoint or a kernel is broken");
        }
        if (most == Float.NEGATIVE_INFINITY) {
            throw new ArithmeticException(
                    "no token is possible at position " + position + ": every logit is -infinity");
        }
        return first(best, logit -> logit == most);
    }

    private int first(int block, DoublePredicate wanted) {
        int id = block * LogitKernels.BLOCK;
        while (!wanted.test(adjusted[id])) {
            id++;
        }
        return id;
    }

    private int choose(int best, int position, Sampling sampling) {
        if (sampling.temperature() == 0) {
            return best;
        }
        double chance = CounterRandom.uniform(sampling.seed(), position);
        return candidates.draw(adjusted, highest, adjusted[best], sampling, chance);
    }

    private TokenChoice report(float[] logits, int position, int token, Choice choice) {
        int alternativeCount = choice.sampling().topLogprobs();
        float[] reported = choice.logits() ? logits.clone() : new float[0];
        if (alternativeCount < 0) {
            return new TokenChoice(position, token, Float.NaN, TokenIds.EMPTY, new float[0], reported);
        }
        kernels.highest(highest, logits, vocabSize);
        double logSum = candidates.logSumExp(logits, most());
        int count = Math.min(alternativeCount, vocabSize);
        int[] alternatives = new int[count];
        float[] logprobs = new float[count];
        if (count > 0) {
            ranking.resetToBest(logits, highest, count);
        }
        for (int rank = 0; rank < count; rank++) {
            alternatives[rank] = ranking.at(rank);
            logprobs[rank] = (float) (logits[alternatives[rank]] - logSum);
        }
        return new TokenChoice(
                position, token, (float) (logits[token] - logSum), TokenIds.of(alternatives), logprobs, reported);
    }

    private float most() {
        float most = Float.NEGATIVE_INFINITY;
        for (float block : highest) {
            most = Math.max(most, block);
        }
        return most;
    }
}
