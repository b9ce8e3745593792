package io.caravan.scheduler.placement;

import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.LayerRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cuts the layers into contiguous ranges for an ordered list of slots so that the slowest slot is as fast as can be.
 *
 * <p>Dynamic programming over (slot, layers covered): stages x layers x layers steps, exact for the given slots.
 */
final class Cutter {

    /**
     * Where one stage may run.
     *
     * @param bandwidth bytes a second that this stage may count on
     * @param memoryBytes that this stage may take
     * @param bf16 how BF16 weights lie in it
     */
    record Slot(double bandwidth, long memoryBytes, Bf16Storage bf16) {}

    /** Ranges in order, and the seconds of the slowest; no ranges where some slot has no room. */
    record Cut(List<LayerRange> ranges, double slowestSeconds) {
        static final Cut NONE = new Cut(List.of(), Double.POSITIVE_INFINITY);
    }

    private Cutter() {}

    static Cut cut(StageSizes sizes, List<Slot> slots, int minBlocks) {
        int layerCount = sizes.spec().layerCount();
        int slotCount = slots.size();
        double[][] slowest = new double[slotCount + 1][layerCount + 1]; // [slots used][layers covered]
        int[][] cutAt = new int[slotCount + 1][layerCount + 1];
        for (double[] row : slowest) {
            Arrays.fill(row, Double.POSITIVE_INFINITY);
        }
        slowest[0][0] = 0;
        for (int slot = 1; slot <= slotCount; slot++) {
            int left = slotCount - slot;
            int leastEnd = left == 0 ? layerCount : slot;
            for (int end = leastEnd; end <= layerCount - left; end++) {
                for (int first = slot - 1; first < end; first++) {
                    double seconds = Math.max(
                            slowest[slot - 1][first],
                            seconds(sizes, slots.get(slot - 1), new LayerRange(first, end), minBlocks));
                    if (seconds < slowest[slot][end]) {
                        slowest[slot][end] = seconds;
                        cutAt[slot][end] = first;
                    }
                }
            }
        }
        if (Double.isInfinite(slowest[slotCount][layerCount])) {
            return Cut.NONE;
        }
        var ranges = new ArrayList<LayerRange>();
        for (int slot = slotCount, end = layerCount; slot > 0; end = cutAt[slot][end], slot--) {
            ranges.addFirst(new LayerRange(cutAt[slot][end], end));
        }
        return new Cut(ranges, slowest[slotCount][layerCount]);
    }

    private static double seconds(StageSizes sizes, Slot slot, LayerRange layers, int minBlocks) {
        return sizes.bytes(layers, minBlocks, slot.bf16()) > slot.memoryBytes()
                ? Double.POSITIVE_INFINITY
                : sizes.readBytes(layers) / slot.bandwidth();
    }
}
