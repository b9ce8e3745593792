package io.caravan.kernels;

import java.lang.foreign.MemorySegment;
import java.util.function.LongFunction;

/**
 * Hands out memory for weights one behind the other in large slabs. The system backs whole huge pages only, and a matrix of
 * its own mapping ends within one: of a 1B model's weights a third lay in small pages, which cost lookups in every step.
 * Of the last slab only what is handed out is ever touched. For one thread at a time.
 */
final class WeightMemory {
    static final long ALIGNMENT_BYTES = 64;

    private final LongFunction<MemorySegment> allocate;
    private final long slabBytes;
    private MemorySegment slab = MemorySegment.NULL;
    private long usedBytes;

    /**
     * @param allocate gives aligned memory of so many bytes
     * @param slabBytes of one slab; 0: every matrix has its own memory
     */
    WeightMemory(LongFunction<MemorySegment> allocate, long slabBytes) {
        this.allocate = allocate;
        this.slabBytes = slabBytes;
    }

    /** Aligned memory, zeroed. */
    MemorySegment take(long bytes) {
        long from = Math.ceilDiv(usedBytes, ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
        if (from + bytes > slab.byteSize()) {
            slab = allocate.apply(Math.max(slabBytes, bytes));
            from = 0;
        }
        usedBytes = from + bytes;
        return slab.asSlice(from, bytes);
    }

    /** What was taken last is not needed. */
    void giveBack(MemorySegment last) {
        last.fill((byte) 0);
        usedBytes -= last.byteSize();
    }
}
