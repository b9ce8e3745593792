package io.caravan.model.layer;

import io.caravan.kernels.Kernels;
import io.caravan.kernels.Tensor;

/**
 * From token ids to hidden states.
 *
 * @param table [vocab, hidden]
 */
public record Embedding(Tensor table) {

    /** out[r] = table[ids[r]]. out [maxRows, hidden], ids [rows] */
    public void forward(Kernels kernels, Tensor out, int[] ids) {
        kernels.embed(out, table, ids, ids.length);
    }
}
