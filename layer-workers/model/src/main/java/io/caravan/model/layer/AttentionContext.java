package io.caravan.model.layer;

import io.caravan.kernels.Tensor;

/**
 * How the rows of a step see the rows before them in their sequences. Serving keeps keys and values in a paged cache; a
 * training pass would attend within its own batch.
 */
@FunctionalInterface
public interface AttentionContext {

    /**
     * Causal attention of each row over its own sequence up to itself.
     *
     * @param out [rows, heads * headDim]
     * @param query as out, rotated
     * @param key [rows, kvHeads * headDim], rotated
     * @param value as key
     */
    void attend(Tensor out, Tensor query, Tensor key, Tensor value);
}
