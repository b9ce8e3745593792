package io.caravan.kernels.nativelib;

import io.caravan.kernels.PagedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Memory that one computing thread uses within a kernel; each piece grows to the largest kernel that was run. */
final class Scratch {
    private static final long ALIGNMENT_BYTES = 64;

    private MemorySegment memory = MemorySegment.NULL;
    private MemorySegment table = MemorySegment.NULL;
    private MemorySegment positions = MemorySegment.NULL;

    /** Address of at least {@code bytes}. */
    long memory(long bytes) {
        memory = atLeast(memory, bytes);
        return memory.address();
    }

    /** Takes over where the rows [rowFrom, rowTo), which share a block table, stand. */
    void places(PagedRows where, int rowFrom, int rowTo) {
        var blocks = where.tables()[rowFrom];
        table = atLeast(table, blocks.length * 4L);
        MemorySegment.copy(blocks, 0, table, ValueLayout.JAVA_INT, 0, blocks.length);
        positions = atLeast(positions, (rowTo - rowFrom) * 4L);
        MemorySegment.copy(where.positions(), rowFrom, positions, ValueLayout.JAVA_INT, 0, rowTo - rowFrom);
    }

    /** Address of the block table last taken over. */
    long table() {
        return table.address();
    }

    /** Address of the positions last taken over. */
    long positions() {
        return positions.address();
    }

    private static MemorySegment atLeast(MemorySegment held, long bytes) {
        return held.byteSize() >= bytes ? held : Arena.ofAuto().allocate(bytes, ALIGNMENT_BYTES);
    }
}
