package io.caravan.formats;

import io.caravan.proto.model.TensorType;
import java.util.List;

/** A tensor that is to be written, by its Hugging Face name, and the type that it is to have in the file. */
public record PlannedTensor(TensorSlot slot, TensorType type) {
    public PlannedTensor {
        if (type.quantised() && (slot.shape().size() == 1 || slot.shape().getLast() % type.blockElements() != 0)) {
            throw new IllegalArgumentException(slot.name() + " has rows of "
                    + slot.shape().getLast() + " elements, which are not whole blocks of " + type);
        }
    }

    public String name() {
        return slot.name();
    }

    public List<Long> shape() {
        return slot.shape();
    }

    public long rows() {
        return slot.shape().getFirst();
    }

    /** Elements of a row; a list has rows of one. */
    public int columns() {
        return slot.shape().size() == 1 ? 1 : Math.toIntExact(slot.shape().getLast());
    }

    public long bytes() {
        return type.bytes(slot.elementCount());
    }
}
