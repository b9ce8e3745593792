package io.caravan.formats;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor inside a mapped file.
 *
 * @param shape row-major, outermost first
 * @param data little-endian elements, read-only
 */
public record WeightView(String name, TensorType type, List<Long> shape, MemorySegment data) {
    public WeightView {
        shape = List.copyOf(shape);
    }

    public long elementCount() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }
}
