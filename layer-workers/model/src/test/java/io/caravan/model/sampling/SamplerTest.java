package io.caravan.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.caravan.kernels.scalar.ScalarLogits;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice.Choice;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final float NONE = Float.NEGATIVE_INFINITY;
    private static final int DRAW_COUNT = 20_000;

    /** ln of 0.5, 0.25, 0.15, 0.07, 0.03, out of order. */
    private static final double[] PROBABILITIES = {0.15, 0.5, 0.03, 0.25, 0.07};

    private static final float[] LOGITS = logits(PROBABILITIES);

    @Test
    void shouldTakeTheLowestOfEquallyLikelyTokensWhenGreedy() {
        assertThat(choose(new float[] {1, 3, 3, 2}, Sampling.GREEDY).token()).isEqualTo(1);
    }

    @Test
    void shouldDrawInProportionToProbability() {
        int[] counts = countDraws(DRAW_COUNT, LOGITS, new Options().build());

        for (int id = 0; id < counts.length; id++) {
            assertThat((double) counts[id] / DRAW_COUNT).isCloseTo(PROBABILITIES[id], within(0.012));
        }
    }

    @Test
    void shouldSharpenAndFlattenByTemperature() {
        int[] cold =
                countDraws(DRAW_COUNT, LOGITS, new Options().temperature(0.5f).build());
        double coldTotal = Arrays.stream(PROBABILITIES).map(p -> p * p).sum();
        int[] hot = countDraws(DRAW_COUNT, LOGITS, new Options().temperature(2).build());
        double hotTotal = Arrays.stream(PROBABILITIES).map(Math::sqrt).sum();

        for (int id = 0; id < PROBABILITIES.length; id++) {
            double p = PROBABILITIES[id];
            assertThat((double) cold[id] / DRAW_COUNT).isCloseTo(p * p / coldTotal, within(0.012));
            assertThat((double) hot[id] / DRAW_COUNT).isCloseTo(Math.sqrt(p) / hotTotal, within(0.012));
        }
    }

    @Test
    void shouldDrawTheSameTokenForTheSameSeedAndPositionWhateverWasDrawnBefore() {
        Sampling sampling = new Options().seed(99).build();
        int[] forwards = new int[100];
        int[] backwards = new int[100];
        var sampler = new Sampler(LOGITS.length, new ScalarLogits());
        for (int i = 0; i < 100; i++) {
            forwards[i] = sampler.choose(LOGITS, i, choice(sampling)).token();
        }
        for (int i = 99; i >= 0; i--) {
            backwards[i] = sampler.choose(LOGITS, i, choice(sampling)).token();
        }

        assertThat(backwards).isEqualTo(forwards);
    }

    @Test
    void shouldKeepExactlyTheTopK() {
        assertThat(drawn(LOGITS, new Options().topK(2).build())).containsExactly(1, 3);
        assertThat(drawn(LOGITS, new Options().topK(1).build())).containsExactly(1);
        assertThat(drawn(LOGITS, new Options().topK(50).build())).containsExactly(0, 1, 2, 3, 4);
        assertThat(drawn(new float[] {1, 2, 2, 2}, new Options().topK(2).build()))
                .containsExactly(1, 2);
    }

    @Test
    void shouldKeepTheFewestTokensThatReachTopP() {
        assertThat(drawn(LOGITS, new Options().topP(0.49f).build())).containsExactly(1);
        assertThat(drawn(LOGITS, new Options().topP(0.51f).build())).containsExactly(1, 3);
        assertThat(drawn(LOGITS, new Options().topP(0.89f).build())).containsExactly(0, 1, 3);
        assertThat(drawn(LOGITS, new Options().topP(0.91f).build())).containsExactly(0, 1, 3, 4);
        assertThat(drawn(LOGITS, new Options().topP(1e-9f).build())).containsExactly(1);
    }

    @Test
    void shouldTakeTopPOfWhatTopKLeaves() {
        // of 0.5 and 0.25, the first alone is two thirds
        assertThat(drawn(LOGITS, new Options().topK(2).topP(0.6f).build())).containsExactly(1);
        assertThat(drawn(LOGITS, new Options().topK(2).topP(0.7f).build())).containsExactly(1, 3);
    }

    @Test
    void shouldKeepTokensThatAreLikelyEnoughBesideTheLikeliest() {
        assertThat(drawn(LOGITS, new Options().minP(0.29f).build())).containsExactly(0, 1, 3);
        assertThat(drawn(LOGITS, new Options().minP(0.31f).build())).containsExactly(1, 3);
        assertThat(drawn(LOGITS, new Options().minP(1).build())).containsExactly(1);
        assertThat(drawn(new float[] {2, 1, 2}, new Options().minP(1).build())).containsExactly(0, 2);
        assertThat(drawn(LOGITS, new Options().topK(4).minP(0.2f).build())).containsExactly(0, 1, 3);
    }

    @Test
    void shouldKeepTheProportionsOfWhatIsLeft() {
        int[] counts = countDraws(DRAW_COUNT, LOGITS, new Options().topP(0.7f).build());

        assertThat((double) counts[1] / DRAW_COUNT).isCloseTo(2.0 / 3, within(0.012));
    }

    @Test
    void shouldSelectInAWideVocabularyWhatAFullSortSelects() {
        var random = new Random(11);
        float[] logits = new float[50_000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (random.nextGaussian() * 3);
        }
        for (float topP : new float[] {0.1f, 0.5f, 0.9f, 0.999f}) {
            Set<Integer> nucleus = sortedNucleus(logits, topP);
            var sampler = new Sampler(logits.length, new ScalarLogits());
            for (int seed = 0; seed < 30; seed++) {
                Sampling sampling = new Options().topP(topP).seed(seed).build();
                assertThat(nucleus)
                        .contains(sampler.choose(logits, 0, choice(sampling)).token());
            }
        }
    }

    @Test
    void shouldFindTheOnlyPossibleToken() {
        float[] logits = {NONE, NONE, -3, NONE};
        for (Sampling sampling : new Sampling[] {
            Sampling.GREEDY,
            new Options().build(),
            new Options().temperature(100).topP(0.5f).build(),
            new Options().topK(3).build(),
            new Options().minP(0.1f).build()
        }) {
            assertThat(drawn(logits, sampling)).containsExactly(2);
        }
    }

    @Test
    void shouldSurviveExtremeTemperaturesAndLogits() {
        assertThat(drawn(LOGITS, new Options().temperature(Float.MIN_VALUE).build()))
                .containsExactly(1);
        assertThat(drawn(new float[] {-3e38f, 3e38f}, new Options().build())).containsExactly(1);
    }

    @Test
    void shouldRefuseLogitsThatAreNotNumbers() {
        assertThatThrownBy(() -> choose(new float[] {1, Float.NaN, 2}, Sampling.GREEDY))
                .isInstanceOf(ArithmeticException.class)
                .hasMessageContaining("token 1 has NaN");
        assertThatThrownBy(() -> choose(new float[] {1, 2, Float.POSITIVE_INFINITY}, Sampling.GREEDY))
                .isInstanceOf(ArithmeticException.class)
                .hasMessageContaining("token 2 has infinity");
        assertThatThrownBy(() -> choose(new float[] {NONE, NONE}, new Options().build()))
                .isInstanceOf(ArithmeticException.class)
                .hasMessageContaining("no token is possible");
    }

    @Test
    void shouldAddTheLogitBias() {
        assertThat(choose(
                                LOGITS,
                                new Options()
                                        .temperature(0)
                                        .bias(Map.of(2, 100f))
                                        .build())
                        .token())
                .isEqualTo(2);
        assertThat(drawn(LOGITS, new Options().bias(Map.of(1, -100f, 3, -3e38f)).build()))
                .containsExactly(0, 2, 4);
    }

    @Test
    void shouldIgnoreABiasOnATokenThatDoesNotExist() {
        var sampling = new Options().temperature(0).bias(Map.of(5000, 100f)).build();
        assertThat(choose(LOGITS, sampling).token()).isEqualTo(1);
    }

    @Test
    void shouldPenaliseRepetitionOnceForPromptAndCompletionAlike() {
        // halves positive logits and doubles negative ones
        Sampling sampling = new Options().temperature(0).repetition(2).build();

        assertThat(choose(new float[] {4, 2.5f, -1}, sampling, 2, 0, 0).token()).isEqualTo(1);
        assertThat(choose(new float[] {4, 1.9f, -1}, sampling, 2, 0, 0).token()).isEqualTo(0);
        assertThat(choose(new float[] {4, 2.5f, -1}, sampling, 0, 0, 0).token()).isEqualTo(1);
        assertThat(choose(new float[] {-2, -3.9f}, sampling, 1, 0).token()).isEqualTo(1);
        assertThat(choose(new float[] {-2, -4.1f}, sampling, 1, 0).token()).isEqualTo(0);
    }

    @Test
    void shouldPenalisePresenceOnceAndInTheCompletionOnly() {
        Sampling sampling = new Options().temperature(0).presence(2).build();

        assertThat(choose(new float[] {3, 2}, sampling, 2, 0, 0).token()).isEqualTo(0);
        assertThat(choose(new float[] {3, 2}, sampling, 1, 0, 0).token()).isEqualTo(1);
        assertThat(choose(new float[] {3, 0.9f}, sampling, 0, 0, 0).token()).isEqualTo(0);
    }

    @Test
    void shouldPenaliseFrequencyByCountInTheCompletionOnly() {
        Sampling sampling = new Options().temperature(0).frequency(1).build();

        assertThat(choose(new float[] {3, 1.5f}, sampling, 3, 0, 0, 0).token()).isEqualTo(0);
        assertThat(choose(new float[] {3, 1.5f}, sampling, 2, 0, 0, 0).token()).isEqualTo(0);
        assertThat(choose(new float[] {3, 1.5f}, sampling, 1, 0, 0, 0).token()).isEqualTo(1);
    }

    @Test
    void shouldForgetThePenaltiesOfTheSequenceBefore() {
        var sampler = new Sampler(2, new ScalarLogits());
        Sampling sampling = new Options().temperature(0).presence(2).build();
        float[] logits = {3, 2};

        assertThat(sampler.choose(logits, 1, new Choice(sampling, TokenIds.of(0), 0, false))
                        .token())
                .isEqualTo(1);
        assertThat(sampler.choose(logits, 1, new Choice(sampling, TokenIds.of(1), 0, false))
                        .token())
                .isEqualTo(0);
        assertThat(logits).containsExactly(3, 2);
    }

    @Test
    void shouldRefuseAHistoryThatIsNotTheWholeSequence() {
        Sampling sampling = new Options().presence(1).build();
        var sampler = new Sampler(LOGITS.length, new ScalarLogits());

        assertThatThrownBy(() -> sampler.choose(LOGITS, 3, new Choice(sampling, TokenIds.of(1, 2), 1, false)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("position 3");
        assertThatThrownBy(() -> sampler.choose(LOGITS, 2, new Choice(sampling, TokenIds.of(1, 5), 1, false)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("token 5");
    }

    @Test
    void shouldReportLogprobsOfTheModelItself() {
        Sampling sampling =
                new Options().temperature(0).bias(Map.of(4, 50f)).topLogprobs(3).build();
        TokenChoice choice = choose(LOGITS, sampling);

        assertThat(choice.token()).isEqualTo(4);
        assertThat(choice.logprob()).isCloseTo((float) Math.log(0.07), within(1e-5f));
        assertThat(choice.alternatives()).isEqualTo(TokenIds.of(1, 3, 0));
        assertThat(choice.alternativeLogprobs()[0]).isCloseTo((float) Math.log(0.5), within(1e-5f));
        assertThat(choice.alternativeLogprobs()[2]).isCloseTo((float) Math.log(0.15), within(1e-5f));
    }

    @Test
    void shouldReportNothingThatWasNotAskedFor() {
        TokenChoice plain = choose(LOGITS, Sampling.GREEDY);
        assertThat(plain).isEqualTo(TokenChoice.plain(0, 1));

        TokenChoice alone = choose(LOGITS, new Options().topLogprobs(0).build());
        assertThat(alone.alternatives().isEmpty()).isTrue();
        assertThat(alone.logprob()).isNegative();

        TokenChoice all = choose(LOGITS, new Options().topLogprobs(20).build());
        assertThat(all.alternatives().size()).isEqualTo(LOGITS.length);
    }

    @Test
    void shouldReportACopyOfTheLogits() {
        float[] logits = LOGITS.clone();
        TokenChoice choice = new Sampler(logits.length, new ScalarLogits())
                .choose(logits, 0, new Choice(Sampling.GREEDY, TokenIds.EMPTY, 0, true));
        logits[0] = 77;

        assertThat(choice.logits()).isEqualTo(LOGITS);
    }

    private static float[] logits(double[] probabilities) {
        float[] logits = new float[probabilities.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (Math.log(probabilities[i]) + 2);
        }
        return logits;
    }

    private static Choice choice(Sampling sampling) {
        return new Choice(sampling, TokenIds.EMPTY, 0, false);
    }

    private static TokenChoice choose(float[] logits, Sampling sampling) {
        return new Sampler(logits.length, new ScalarLogits()).choose(logits, 0, choice(sampling));
    }

    private static TokenChoice choose(float[] logits, Sampling sampling, int promptCount, int... history) {
        var choice = new Choice(sampling, TokenIds.of(history), promptCount, false);
        return new Sampler(logits.length, new ScalarLogits()).choose(logits, history.length, choice);
    }

    private static int[] countDraws(int drawCount, float[] logits, Sampling sampling) {
        var sampler = new Sampler(logits.length, new ScalarLogits());
        int[] counts = new int[logits.length];
        for (int position = 0; position < drawCount; position++) {
            counts[sampler.choose(logits, position, choice(sampling)).token()]++;
        }
        return counts;
    }

    private static Set<Integer> drawn(float[] logits, Sampling sampling) {
        int[] counts = countDraws(DRAW_COUNT / 10, logits, sampling);
        var ids = new TreeSet<Integer>();
        for (int id = 0; id < counts.length; id++) {
            if (counts[id] > 0) {
                ids.add(id);
            }
        }
        return ids;
    }

    private static Set<Integer> sortedNucleus(float[] logits, float topP) {
        Integer[] ids = new Integer[logits.length];
        Arrays.setAll(ids, i -> i);
        Arrays.sort(ids, (a, b) -> logits[a] != logits[b] ? Float.compare(logits[b], logits[a]) : a - b);
        double most = logits[ids[0]];
        double total = 0;
        for (float logit : logits) {
            total += Math.exp(logit - most);
        }
        var nucleus = new TreeSet<Integer>();
        double mass = 0;
        for (int i = 0; mass < topP * total; i++) {
            nucleus.add(ids[i]);
            mass += Math.exp(logits[ids[i]] - most);
        }
        return nucleus;
    }

    /** Sampling options, all off but a temperature of 1. */
    private static final class Options {
        private float temperature = 1;
        private int topK;
        private float topP = 1;
        private float minP;
        private float repetition = 1;
        private float presence;
        private float frequency;
        private long seed = 1;
        private int topLogprobs = -1;
        private Map<Integer, Float> bias = Map.of();

        Options temperature(float value) {
            temperature = value;
            return this;
        }

        Options topK(int value) {
            topK = value;
            return this;
        }

        Options topP(float value) {
            topP = value;
            return this;
        }

        Options minP(float value) {
            minP = value;
            return this;
        }

        Options repetition(float value) {
            repetition = value;
            return this;
        }

        Options presence(float value) {
            presence = value;
            return this;
        }

        Options frequency(float value) {
            frequency = value;
            return this;
        }

        Options seed(long value) {
            seed = value;
            return this;
        }

        Options topLogprobs(int value) {
            topLogprobs = value;
            return this;
        }

        Options bias(Map<Integer, Float> value) {
            bias = value;
            return this;
        }

        Sampling build() {
            return new Sampling(
                    temperature, topK, topP, minP, repetition, presence, frequency, seed, topLogprobs, bias);
        }
    }
}
