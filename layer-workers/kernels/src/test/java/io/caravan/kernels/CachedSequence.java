package io.caravan.kernels;

import io.caravan.kernels.scalar.Elements;
import io.caravan.proto.model.TensorType;
import java.util.Arrays;
import java.util.stream.IntStream;

/** A random sequence of tokens whose keys and values lie in the blocks of a cache. */
final class CachedSequence {
    private static final int BLOCK_TOKENS = 16;
    private static final int HEADS = 4;

    private final HostDevice device;
    private final int[] table;
    private final KvLayer kv;
    private final Tensor queries;

    CachedSequence(HostDevice device, TensorType type, int kvHeads, int headDim, int tokens, int[] table) {
        this(device, type, kvHeads, tokens, table, headDim, AttentionRule.plain(headDim));
    }

    CachedSequence(
            HostDevice device, TensorType type, int kvHeads, int tokens, int[] table, int headDim, AttentionRule rule) {
        this.device = device;
        this.table = table;
        var rows = (IntStream.of(table).max().orElseThrow() + 1L) * kvHeads * BLOCK_TOKENS;
        var width = KvLayer.width(type, headDim);
        kv = new KvLayer(
                device.allocate(type, rows, width),
                device.allocate(type, rows, width),
                BLOCK_TOKENS,
                kvHeads,
                headDim,
                rule);
        queries = Samples.random(device, TensorType.F32, tokens, (long) HEADS * headDim, 11);
        var positions = new int[tokens];
        Arrays.setAll(positions, i -> i);
        var keys = Samples.random(device, TensorType.F32, tokens, (long) kvHeads * headDim, 12);
        var values = Samples.random(device, TensorType.F32, tokens, (long) kvHeads * headDim, 13);
        device.kernels().storeKv(kv, keys, values, rows(positions));
    }

    /** Attention of the rows at {@code positions}, in that order. out [positions, heads * headDim] */
    void attend(Tensor out, int... positions) {
        var q = device.allocate(TensorType.F32, positions.length, queries.columns());
        for (var row = 0; row < positions.length; row++) {
            for (var i = 0L; i < q.columns(); i++) {
                Elements.set(q, row * q.columns() + i, Elements.get(queries, positions[row] * q.columns() + i));
            }
        }
        device.kernels().attention(out, q, kv, rows(positions));
    }

    private PagedRows rows(int[] positions) {
        var tables = new int[positions.length][];
        Arrays.fill(tables, table);
        return new PagedRows(positions, tables);
    }
}
