package io.caravan.kernels.nativelib;

import io.caravan.kernels.AttentionPart;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Memory that one computing thread uses within a kernel; each piece grows to the largest kernel that was run. */
final class Scratch {
    private static final long ALIGNMENT_BYTES = 64;

    private MemorySegment memory = MemorySegment.NULL;
    private MemorySegment table = MemorySegment.NULL;
    private MemorySegment positions = MemorySegment.NULL;
    private MemorySegment argument = MemorySegment.NULL;

    /** Address of at least {@code bytes}. */
    long memory(long bytes) {
        memory = atLeast(memory, bytes);
        return memory.address();
    }

    /** Takes over where the rows of {@code part} stand. */
    void places(AttentionPart part) {
        var blocks = part.table();
        table = atLeast(table, blocks.length * 4L);
        MemorySegment.copy(blocks, 0, table, ValueLayout.JAVA_INT, 0, blocks.length);
        positions = atLeast(positions, part.rows() * 4L);
        MemorySegment.copy(part.where().positions(), part.rowFrom(), positions, ValueLayout.JAVA_INT, 0, part.rows());
    }

    /** Address of a struct of these fields. */
    long argument(long... fields) {
        argument = atLeast(argument, fields.length * 8L);
        MemorySegment.copy(fields, 0, argument, ValueLayout.JAVA_LONG, 0, fields.length);
        return argument.address();
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
