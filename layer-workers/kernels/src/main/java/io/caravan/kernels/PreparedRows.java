package io.caravan.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * The activations of the current matrix products in the forms that the provider reads. Each form and precision has its piece
 * of memory, which grows to the largest product.
 */
final class PreparedRows {

    /** Rows that one thread prepares at a time, when there are more: whole panels of any form. */
    private static final int PART_ROWS = 16;

    private record Kind(Prepared.Form form, Activations precision) {}

    private final HostProvider provider;
    private final ComputePool pool;
    private final Map<Kind, MemorySegment> memory = new HashMap<>();

    PreparedRows(HostProvider provider, ComputePool pool) {
        this.provider = provider;
        this.pool = pool;
    }

    /** Prepares the first {@code rows} of x; good until the next call for the same form and precision. */
    Prepared of(Prepared.Form form, Activations precision, Tensor x, int rows) {
        var k = Math.toIntExact(x.columns());
        var bytes = provider.preparedBytes(form, precision, rows, k);
        if (bytes == 0) {
            return new Prepared(form, precision, rows, k, x.data());
        }
        var target = new Prepared(form, precision, rows, k, atLeast(new Kind(form, precision), bytes));
        pool.run(
                Math.ceilDiv(rows, PART_ROWS),
                (thread, part) ->
                        provider.prepare(target, x, part * PART_ROWS, Math.min(rows, (part + 1) * PART_ROWS)));
        return target;
    }

    private MemorySegment atLeast(Kind kind, long bytes) {
        var held = memory.get(kind);
        if (held == null || held.byteSize() < bytes) {
            held = provider.allocate(Arena.ofAuto(), bytes);
            memory.put(kind, held);
        }
        return held;
    }
}
