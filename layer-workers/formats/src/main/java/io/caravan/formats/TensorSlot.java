package io.caravan.formats;

import java.util.Arrays;
import java.util.List;

/** A tensor that a model needs: its Hugging Face name and the shape it must have, outermost extent first. */
public record TensorSlot(String name, List<Long> shape) {
    public TensorSlot {
        shape = List.copyOf(shape);
    }

    static TensorSlot of(String name, long... shape) {
        return new TensorSlot(name, Arrays.stream(shape).boxed().toList());
    }

    /**
     * This tensor of {@code checkpoint}.
     *
     * @throws ModelFormatException when it is missing or has another shape or an unsupported type
     */
    public WeightView in(Checkpoint checkpoint) {
        return checkpoint.tensor(name, shape.stream().mapToLong(Long::longValue).toArray());
    }

    public long elementCount() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }
}
