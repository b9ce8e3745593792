package io.caravan.model.layer;

import io.caravan.kernels.Kernels;
import io.caravan.kernels.Tensor;

/** What a projection adds to its result. */
public sealed interface Bias {

    /** Nothing, as in LLaMA. */
    record None() implements Bias {}

    /**
     * The same to each row.
     *
     * @param values [1, width]
     */
    record Added(Tensor values) implements Bias {}

    /** Adds to the first {@code rows} of {@code x} [maxRows, width]. */
    default void addTo(Kernels kernels, Tensor x, int rows) {
        switch (this) {
            case None none -> {}
            case Added(var values) -> kernels.addBias(x, values, rows);
        }
    }
}
