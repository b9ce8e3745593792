package io.caravan.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.kernels.scalar.Exp;
import io.caravan.kernels.scalar.ScalarLogits;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice.Choice;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Draws by rank against their definition: sort all tokens, cut, walk. More rows with {@code -Dcaravan.draws=1000000}. */
class SortedDrawTest {
    private static final int ROWS = Integer.getInteger("caravan.draws", 100_000);
    private static final double UNITS = 0x1p40;

    @Test
    void shouldDrawWhatASortedRankingGives() {
        for (int row = 0; row < ROWS; row++) {
            compare(row, 1 + new Random(row).nextInt(100));
        }
    }

    @Test
    void shouldDrawWhatASortedRankingGivesFromWideVocabularies() {
        for (int row = 0; row < ROWS / 2_000; row++) {
            compare(-1 - row, 5_000 + new Random(row).nextInt(30_000));
        }
    }

    private static void compare(long seed, int vocabSize) {
        var random = new Random(seed);
        float[] logits = logits(random, vocabSize);
        Sampling sampling = sampling(random, vocabSize, seed);
        int position = random.nextInt(1000);

        int drawn = new Sampler(vocabSize, new ScalarLogits())
                .choose(logits, position, new Choice(sampling, TokenIds.EMPTY, 0, false))
                .token();

        assertThat(drawn)
                .as("row %d of %d tokens, %s", seed, vocabSize, sampling)
                .isEqualTo(sortedDraw(logits, sampling, CounterRandom.uniform(sampling.seed(), position)));
    }

    /** Flat, peaked, with ties, with impossible tokens, and with one token far above a crowd. */
    private static float[] logits(Random random, int count) {
        float[] logits = new float[count];
        double spread = Math.pow(10, random.nextDouble() * 5 - 3);
        double grain = random.nextBoolean() ? 0 : spread / (1 + random.nextInt(20));
        double offset = random.nextInt(3) * 10 - 10;
        for (int i = 0; i < count; i++) {
            double value = random.nextGaussian() * spread;
            logits[i] = (float) (offset + (grain == 0 ? value : grain * Math.rint(value / grain)));
            if (random.nextInt(50) == 0) {
                logits[i] = Float.NEGATIVE_INFINITY;
            }
        }
        logits[random.nextInt(count)] = (float) (offset + (random.nextInt(4) == 0 ? 12 * spread : spread));
        return logits;
    }

    private static Sampling sampling(Random random, int vocabSize, long seed) {
        int topK = vocabSize > 1 && random.nextInt(3) == 0 ? 1 + random.nextInt(vocabSize - 1) : 0;
        float topP = random.nextInt(3) == 0 ? 1 : 1 - random.nextFloat();
        float minP = random.nextInt(3) == 0 ? random.nextFloat() * random.nextFloat() : 0;
        float temperature = (float) Math.pow(10, random.nextDouble() * 2 - 1);
        if (topK == 0 && topP == 1 && minP == 0) {
            topP = 0.9f;
        }
        return new Sampling(temperature, topK, topP, minP, 1, 0, 0, seed, -1, Map.of());
    }

    private static int sortedDraw(float[] logits, Sampling sampling, double chance) {
        float most = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            most = Math.max(most, logit);
        }
        float highest = most;
        float[] weights = new float[logits.length];
        for (int id = 0; id < logits.length; id++) {
            weights[id] = Exp.of((logits[id] - highest) / sampling.temperature());
        }
        int[] ranked = IntStream.range(0, logits.length)
                .filter(id -> (long) (weights[id] * UNITS) > 0)
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(id -> -logits[id]).thenComparing(id -> id))
                .mapToInt(Integer::intValue)
                .toArray();
        long[] masses = Arrays.stream(ranked)
                .mapToLong(id -> (long) (weights[id] * UNITS))
                .toArray();
        int count = ranked.length;
        double enough = enough(logits, highest, sampling, masses);
        if (sampling.topK() > 0) {
            count = Math.min(count, sampling.topK());
        }
        if (sampling.topP() < 1) {
            long mass = 0;
            int fewest = 0;
            while (fewest < count && mass < enough) {
                mass += masses[fewest++];
            }
            count = fewest;
        }
        int likely = 0;
        while (likely < count && weights[ranked[likely]] >= sampling.minP()) {
            likely++;
        }
        long total = Arrays.stream(masses, 0, likely).sum();
        long target = Math.min(total - 1, (long) (chance * total));
        int rank = 0;
        long passed = masses[0];
        while (passed <= target) {
            passed += masses[++rank];
        }
        return ranked[rank];
    }

    /** Top-p's share: of what top-k leaves, or of all. */
    private static double enough(float[] logits, float most, Sampling sampling, long[] masses) {
        if (sampling.topK() > 0 && sampling.topK() < logits.length) {
            long ofBest = Arrays.stream(masses).limit(sampling.topK()).sum();
            return Math.ceil(sampling.topP() * (double) ofBest);
        }
        float[] weights = new float[logits.length];
        float[] sums = new float[logits.length];
        new ScalarLogits().weigh(weights, sums, logits, logits.length, most, sampling.temperature());
        double total = 0;
        for (int block = 0; block < (logits.length + 63) / 64; block++) {
            total += sums[block];
        }
        return Math.ceil(sampling.topP() * total * UNITS);
    }
}
