package io.caravan.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Attention over the threads of a pool. Where heads and rows are too few for the threads, contexts are cut into segments
 * too, if the provider can, and whoever computes the last segment of some rows merges them all.
 */
final class PooledAttention {

    /** Parts for each thread, so that one which loses its core holds up little. */
    private static final int PARTS_PER_THREAD = 4;

    private final HostProvider provider;
    private final ComputePool pool;
    private MemorySegment memory = MemorySegment.NULL;

    PooledAttention(HostProvider provider, ComputePool pool) {
        this.provider = provider;
        this.pool = pool;
    }

    void compute(Tensor out, Tensor q, KvLayer kv, PagedRows where) {
        var wanted = pool.threads() == 1 ? 1 : PARTS_PER_THREAD * pool.threads();
        var parts = AttentionParts.cut(where, kv.kvHeads(), wanted);
        if (parts.count() < wanted && provider.segmentPositions() < Integer.MAX_VALUE) {
            var segments = SegmentParts.of(parts, where, kv, provider.segmentPositions());
            if (segments.count() > parts.count()) {
                bySegments(segments, out, q, kv, where);
                return;
            }
        }
        pool.run(parts.count(), (thread, index) -> provider.attention(thread, parts.part(index, out, q, kv, where)));
    }

    private void bySegments(SegmentParts segments, Tensor out, Tensor q, KvLayer kv, PagedRows where) {
        var parts = segments.parts();
        var groupHeads = q.columns() / ((long) kv.kvHeads() * kv.headDim());
        var rowBytes = provider.segmentBytes(kv.headDim()) * groupHeads;
        if (memory.byteSize() < segments.rowCount() * rowBytes) {
            memory = provider.allocate(Arena.ofAuto(), segments.rowCount() * rowBytes);
        }
        var left = new AtomicIntegerArray(parts.count());
        for (var part = 0; part < parts.count(); part++) {
            left.set(part, segments.segmentCount(part));
        }
        pool.run(segments.count(), (thread, index) -> {
            var partIndex = segments.part(index);
            var part = parts.part(partIndex, out, q, kv, where);
            var own = memory.asSlice(segments.firstRow(index) * rowBytes);
            provider.attendSegment(thread, part, own, segments.segment(index));
            if (left.decrementAndGet(partIndex) == 0) {
                var all = memory.asSlice(segments.firstRow(segments.first(partIndex)) * rowBytes);
                provider.mergeSegments(thread, part, all, segments.segmentCount(partIndex));
            }
        });
    }
}
