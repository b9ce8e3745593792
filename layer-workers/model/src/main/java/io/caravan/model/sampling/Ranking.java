package io.caravan.model.sampling;

import io.caravan.kernels.LogitKernels;
import java.util.Arrays;

/**
 * Token ids by falling score, equal scores by rising id, sorted only as far as they are asked for: a heap that is emptied
 * into the end of its own array. Asking for the first k of n costs O(n + k log n), which for the few tokens that matter in
 * a vocabulary of 128 thousand is far from a sort.
 */
final class Ranking {
    private final int[] ids; // [0, heapSize) the heap, then those taken, best last
    private float[] scores = new float[0];
    private int count;
    private int heapSize;
    private boolean heaped;

    Ranking(int capacity) {
        ids = new int[capacity];
    }

    /** Forgets what was ranked; {@code scores} is indexed by token id and must not change while it is in use. */
    void reset(float[] scores) {
        this.scores = scores;
        count = 0;
        heapSize = 0;
        heaped = false;
    }

    /**
     * As {@link #reset}, with the {@code wanted} best tokens added, and those as good as the last of them.
     *
     * @param highest the best score of each {@link LogitKernels#BLOCK} tokens
     */
    void resetToBest(float[] scores, float[] highest, int wanted) {
        reset(scores);
        float least = leastOfBest(scores, highest, wanted);
        for (int block = 0; block < LogitKernels.blocks(scores.length); block++) {
            if (highest[block] >= least) {
                addFrom(least, block);
            }
        }
    }

    /**
     * A score that the {@code wanted} best all reach, and few others.
     *
     * @param highest the best score of each {@link LogitKernels#BLOCK} tokens
     */
    static float leastOfBest(float[] scores, float[] highest, int wanted) {
        int blocks = LogitKernels.blocks(scores.length);
        // so many blocks have a token of that score, so it is not above that of the last one wanted
        return wanted <= blocks
                ? leastOfBest(highest, blocks, wanted)
                : leastOfBest(scores, scores.length, Math.min(wanted, scores.length));
    }

    private void addFrom(float least, int block) {
        int end = Math.min(scores.length, (block + 1) * LogitKernels.BLOCK);
        for (int id = block * LogitKernels.BLOCK; id < end; id++) {
            if (scores[id] >= least) {
                add(id);
            }
        }
    }

    /** The score at rank {@code wanted - 1}: the root of a heap of the best so far, the least of them on top. */
    private static float leastOfBest(float[] scores, int count, int wanted) {
        float[] best = Arrays.copyOf(scores, wanted);
        Arrays.sort(best); // a sorted array is a heap
        float least = best[0];
        for (int i = wanted; i < count; i++) {
            if (scores[i] > least) {
                replaceLeast(best, scores[i]);
                least = best[0];
            }
        }
        return least;
    }

    private static void replaceLeast(float[] heap, float score) {
        int hole = 0;
        while (2 * hole + 1 < heap.length) {
            int child = 2 * hole + 1;
            if (child + 1 < heap.length && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= score) {
                break;
            }
            heap[hole] = heap[child];
            hole = child;
        }
        heap[hole] = score;
    }

    /** Adds a token; all are added before the first is asked for. */
    void add(int id) {
        ids[count++] = id;
    }

    int count() {
        return count;
    }

    /** The token at {@code rank}, 0 being the best. */
    int at(int rank) {
        if (!heaped) {
            heapify();
        }
        while (count - heapSize <= rank) {
            int best = ids[0];
            heapSize--;
            ids[0] = ids[heapSize];
            ids[heapSize] = best;
            sink(0);
        }
        return ids[count - 1 - rank];
    }

    private void heapify() {
        heaped = true;
        heapSize = count;
        for (int i = heapSize / 2 - 1; i >= 0; i--) {
            sink(i);
        }
    }

    private void sink(int from) {
        int hole = from;
        int id = ids[hole];
        while (2 * hole + 1 < heapSize) {
            int child = 2 * hole + 1;
            if (child + 1 < heapSize && isBetter(ids[child + 1], ids[child])) {
                child++;
            }
            if (!isBetter(ids[child], id)) {
                break;
            }
            ids[hole] = ids[child];
            hole = child;
        }
        ids[hole] = id;
    }

    private boolean isBetter(int left, int right) {
        float leftScore = scores[left];
        float rightScore = scores[right];
        return leftScore > rightScore || (leftScore == rightScore && left < right);
    }
}
