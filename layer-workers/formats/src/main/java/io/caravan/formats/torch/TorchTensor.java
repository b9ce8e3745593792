package io.caravan.formats.torch;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor of a {@link TorchFile}.
 *
 * @param dtype its elements' type, named as safetensors names it
 * @param elementBytes bytes of one element
 * @param shape outermost first
 * @param data its elements row by row, little-endian, a view of the mapped file
 */
public record TorchTensor(String name, String dtype, int elementBytes, List<Long> shape, MemorySegment data) {
    public TorchTensor {
        shape = List.copyOf(shape);
    }
}
