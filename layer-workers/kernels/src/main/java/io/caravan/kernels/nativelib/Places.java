package io.caravan.kernels.nativelib;

import io.caravan.kernels.KvLayer;
import io.caravan.kernels.PagedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Block and offset in it of each of some rows, for native code. */
final class Places {
    private final MemorySegment blocks;
    private final MemorySegment offsets;

    Places(Arena arena, KvLayer kv, PagedRows where, int rowFrom, int rowTo) {
        blocks = arena.allocate(ValueLayout.JAVA_INT, rowTo - rowFrom);
        offsets = arena.allocate(ValueLayout.JAVA_INT, rowTo - rowFrom);
        for (var row = rowFrom; row < rowTo; row++) {
            var position = where.positions()[row];
            blocks.setAtIndex(ValueLayout.JAVA_INT, row - rowFrom, where.tables()[row][position / kv.blockTokens()]);
            offsets.setAtIndex(ValueLayout.JAVA_INT, row - rowFrom, position % kv.blockTokens());
        }
    }

    /** Address of [rows] 32-bit block ids. */
    long blocks() {
        return blocks.address();
    }

    /** Address of [rows] 32-bit offsets. */
    long offsets() {
        return offsets.address();
    }
}
