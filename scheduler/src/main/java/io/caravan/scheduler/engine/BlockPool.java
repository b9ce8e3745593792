package io.caravan.scheduler.engine;

/**
 * Which KV blocks are free, and how many owners the others have.
 *
 * <p>Ids are the same on every stage: block 7 is, on each of them, the place of the same tokens for its own layers. A
 * block given back may be handed out at once although plans that read it are in flight, because every stage runs plans in
 * their order, and the plan that writes it anew comes after them.
 */
public final class BlockPool {
    private final int[] referenceCounts; // [total]
    private final int[] freeIds; // [total], the first freeCount are free
    private int freeCount;

    /** A pool of free blocks with ids 0 to {@code total - 1}. */
    public BlockPool(int total) {
        if (total < 0) {
            throw new IllegalArgumentException("a pool needs at least 0 blocks, not " + total);
        }
        referenceCounts = new int[total];
        freeIds = new int[total];
        for (int i = 0; i < total; i++) {
            freeIds[i] = total - 1 - i;
        }
        freeCount = total;
    }

    /** Takes a free block for one owner; there must be one. */
    public int allocate() {
        if (freeCount == 0) {
            throw new IllegalStateException("no free block");
        }
        int block = freeIds[--freeCount];
        referenceCounts[block] = 1;
        return block;
    }

    /** One more owner of a block that is in use. */
    public void retain(int block) {
        if (referenceCounts[block] == 0) {
            throw new IllegalStateException("block " + block + " is free and cannot be shared");
        }
        referenceCounts[block]++;
    }

    /** One owner less; the last one makes the block free. */
    public void release(int block) {
        if (referenceCounts[block] == 0) {
            throw new IllegalStateException("block " + block + " is free already");
        }
        if (--referenceCounts[block] == 0) {
            freeIds[freeCount++] = block;
        }
    }

    public int referenceCount(int block) {
        return referenceCounts[block];
    }

    public int freeCount() {
        return freeCount;
    }

    public int usedCount() {
        return referenceCounts.length - freeCount;
    }

    public int total() {
        return referenceCounts.length;
    }
}
