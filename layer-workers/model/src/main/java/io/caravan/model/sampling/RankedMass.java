package io.caravan.model.sampling;

import java.util.Arrays;

/**
 * A ranking of the tokens that were added. They are dealt into buckets of equal width between their highest and their lowest score; a
 * question is answered by walking the buckets' masses and dealing the one bucket that matters into narrower ones, until few tokens
 * are left to sort. Not thread-safe: it keeps its scratch.
 */
final class RankedMass extends MassByRank {
    private static final int BUCKETS = 1024;

    /** Tokens that are sorted rather than dealt once more. */
    private static final int FEW = 32;

    private final int[] ids; // [capacity] those added, bucket by bucket once they are dealt
    private final int[] scratch; // [capacity]
    private final long[] masses; // [capacity] by token
    private final Buckets whole = new Buckets();
    private final Buckets part = new Buckets();
    private float[] scores = new float[0];
    private int count;
    private boolean dealt;

    RankedMass(int capacity) {
        ids = new int[capacity];
        scratch = new int[capacity];
        masses = new long[capacity];
    }

    /** Forgets what was added; {@code scores} is indexed by token id, finite where one is added, and must not change while in use. */
    void reset(float[] scores) {
        this.scores = scores;
        count = 0;
        dealt = false;
    }

    /** Adds a token with a mass above 0; ids rise, and all are added before the first question. */
    void add(int id, long mass) {
        ids[count++] = id;
        masses[id] = mass;
    }

    @Override
    Place seek(long goal, boolean byMass) {
        if (!dealt) {
            whole.deal(0, count);
            dealt = true;
        }
        int from = 0;
        int to = count;
        long before = 0;
        for (Buckets buckets = whole; to - from > FEW && !buckets.flat; buckets = part) {
            int bucket = 0;
            long through = before + buckets.masses[0];
            while ((byMass ? through : buckets.starts[bucket + 1]) <= goal && buckets.starts[bucket + 1] < to) {
                before = through;
                through += buckets.masses[++bucket];
            }
            from = buckets.starts[bucket];
            to = buckets.starts[bucket + 1];
            part.deal(from, to);
        }
        if (to - from <= FEW) {
            sort(from, to);
        }
        int rank = from;
        long through = before + masses[ids[rank]];
        while ((byMass ? through : rank + 1) <= goal && rank + 1 < to) {
            through += masses[ids[++rank]];
        }
        return new Place(ids[rank], through);
    }

    private void sort(int from, int to) {
        for (int i = from + 1; i < to; i++) {
            int id = ids[i];
            int hole = i;
            while (hole > from && isBefore(id, ids[hole - 1])) {
                ids[hole] = ids[hole - 1];
                hole--;
            }
            ids[hole] = id;
        }
    }

    private boolean isBefore(int left, int right) {
        return scores[left] > scores[right] || (scores[left] == scores[right] && left < right);
    }

    /** A stretch of the ranking in buckets of equal width, those of the highest scores first; ids keep their order within one. */
    private final class Buckets {
        private final int[] starts =
                new int[BUCKETS + 1]; // where each begins among the ids, and where the last one ends
        private final long[] masses = new long[BUCKETS];

        /** Whether all scores are equal, so that the ids are in their final order. */
        private boolean flat;

        private double highest;
        private double perScore;

        /** Deals the ids [from, to). */
        void deal(int from, int to) {
            measure(from, to);
            if (flat || to - from <= FEW) {
                return;
            }
            Arrays.fill(starts, 0);
            Arrays.fill(masses, 0);
            for (int i = from; i < to; i++) {
                int bucket = of(ids[i]);
                starts[bucket + 1]++;
                masses[bucket] += RankedMass.this.masses[ids[i]];
            }
            starts[0] = from;
            for (int bucket = 0; bucket < BUCKETS; bucket++) {
                starts[bucket + 1] += starts[bucket];
            }
            for (int i = from; i < to; i++) {
                scratch[starts[of(ids[i])]++] = ids[i];
            }
            System.arraycopy(scratch, from, ids, from, to - from);
            System.arraycopy(starts, 0, starts, 1, BUCKETS); // each start had moved to its bucket's end
            starts[0] = from;
        }

        private void measure(int from, int to) {
            float most = scores[ids[from]];
            float least = most;
            for (int i = from + 1; i < to; i++) {
                most = Math.max(most, scores[ids[i]]);
                least = Math.min(least, scores[ids[i]]);
            }
            flat = most == least;
            highest = most;
            perScore = BUCKETS / (highest - least);
        }

        private int of(int id) {
            return Math.min(BUCKETS - 1, (int) ((highest - scores[id]) * perScore));
        }
    }
}
