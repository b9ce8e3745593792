package io.caravan.model.convert;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.LlamaTensors;
import io.caravan.formats.PlannedTensor;
import io.caravan.formats.TensorSlot;
import io.caravan.proto.model.TensorType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Which type each tensor of a model is written in: matrices in the one that was asked for, norms and other lists as they
 * are, or as F32 where {@code plainLists}. A matrix whose rows are not whole blocks falls back to a type that it fits.
 *
 * @param fallbacks what fell back, a line for each pair of types
 */
public record Retyping(List<PlannedTensor> tensors, List<String> fallbacks) {
    public Retyping {
        tensors = List.copyOf(tensors);
        fallbacks = List.copyOf(fallbacks);
    }

    /**
     * Plans all tensors of {@code checkpoint}.
     *
     * @param wanted type of the matrices; empty to keep theirs
     * @param quantised whether the target's format has quantised types; if not, matrices that keep theirs become F16
     */
    public static Retyping of(Checkpoint checkpoint, Optional<TensorType> wanted, boolean quantised) {
        var tensors = new ArrayList<PlannedTensor>();
        var fallbacks = new TreeSet<String>();
        for (TensorSlot slot : new LlamaTensors(checkpoint.spec()).all()) {
            TensorType stored = slot.in(checkpoint).type();
            if (slot.shape().size() == 1) {
                tensors.add(new PlannedTensor(slot, quantised ? TensorType.F32 : stored));
                continue;
            }
            TensorType kept = stored.quantised() && !quantised ? TensorType.F16 : stored;
            TensorType type = fitting(wanted.orElse(kept), slot.shape().getLast());
            if (wanted.isPresent() && type != wanted.get()) {
                fallbacks.add("rows of " + slot.shape().getLast() + " elements are not whole blocks of " + wanted.get()
                        + ": " + type);
            }
            tensors.add(new PlannedTensor(slot, type));
        }
        return new Retyping(tensors, List.copyOf(fallbacks));
    }

    private static TensorType fitting(TensorType wanted, long columns) {
        for (TensorType type : List.of(wanted, TensorType.Q8_0)) {
            if (columns % type.blockElements() == 0) {
                return type;
            }
        }
        return TensorType.F16;
    }

    /** The type that most bytes have. */
    public TensorType commonestType() {
        var bytes = new EnumMap<TensorType, Long>(TensorType.class);
        tensors.forEach(tensor -> bytes.merge(tensor.type(), tensor.bytes(), Long::sum));
        return Collections.max(bytes.entrySet(), Map.Entry.comparingByValue()).getKey();
    }

    /** Bytes of all tensors. */
    public long bytes() {
        return tensors.stream().mapToLong(PlannedTensor::bytes).sum();
    }
}
