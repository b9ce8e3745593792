package io.caravan.model.kv;

import io.caravan.kernels.AttentionRule;
import io.caravan.kernels.Device;
import io.caravan.kernels.KvLayer;
import io.caravan.kernels.PagedRows;
import io.caravan.model.layer.AttentionContext;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.sequence.TokenIds;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The keys and values of one stage's layers, in blocks of a fixed number of tokens, off-heap.
 *
 * <p>The pool gives out nothing: block ids come with each step plan from the scheduler, which uses the same ids for every
 * stage, counts their owners and reuses them. That is why a block's contents need no clearing: a row reads positions up to
 * its own only, and those were written by its own sequence or by one with the same prefix.
 */
public final class KvPool {
    private final Device device;
    private final KvShape shape;
    private final List<KvLayer> layers;

    /** Takes memory for {@code range} of the model's layers. */
    public KvPool(Device device, ModelSpec spec, LayerRange range, KvShape shape) {
        this.device = device;
        this.shape = shape;
        layers = IntStream.range(range.first(), range.end())
                .mapToObj(layer -> allocateLayer(device, spec, shape, layer))
                .toList();
    }

    private static KvLayer allocateLayer(Device device, ModelSpec spec, KvShape shape, int layer) {
        long rows = (long) shape.blockCount() * spec.kvHeadCount() * shape.blockTokens();
        long width = KvLayer.width(shape.type(), spec.headDim());
        return new KvLayer(
                device.allocate(shape.type(), rows, width),
                device.allocate(shape.type(), rows, width),
                shape.blockTokens(),
                spec.kvHeadCount(),
                spec.headDim(),
                new AttentionRule(spec.attentionScale(), spec.variations().windowOf(layer)));
    }

    /**
     * A sequence's block table, believed only after a look: every block must exist, and together they must hold positions
     * 0 up to {@code endPosition}.
     *
     * @throws IllegalArgumentException saying which block or position is wrong
     */
    public int[] table(long sequenceId, TokenIds blocks, int endPosition) {
        long held = (long) blocks.size() * shape.blockTokens();
        if (held < endPosition) {
            throw new IllegalArgumentException("sequence " + sequenceId + " has " + blocks.size() + " blocks for "
                    + held + " positions, but the step goes up to position " + endPosition);
        }
        int[] table = blocks.toArray();
        for (int block : table) {
            if (block < 0 || block >= shape.blockCount()) {
                throw new IllegalArgumentException("sequence " + sequenceId + " names block " + block
                        + ", but the pool has blocks 0 to " + (shape.blockCount() - 1));
            }
        }
        return table;
    }

    /** Attention through this pool: a step's keys and values are stored first, then read back like all older ones. */
    public AttentionContext attention(int layer, PagedRows rows) {
        KvLayer kv = layers.get(layer);
        return (out, query, key, value) -> {
            device.kernels().storeKv(kv, key, value, rows);
            device.kernels().attention(out, query, kv, rows);
        };
    }

    public long bytes() {
        return layers.stream()
                .mapToLong(layer -> layer.keys().byteSize() + layer.values().byteSize())
                .sum();
    }
}
