package io.caravan.model.layer;

import io.caravan.kernels.Kernels;
import io.caravan.kernels.Tensor;

/**
 * From token ids to hidden states.
 *
 * @param table [vocab, hidden]
 * @param multiplier of what is found there
 */
public record Embedding(Tensor table, float multiplier) {

    /** out[r] = multiplier · table[ids[r]]. out [maxRows, hidden], ids [rows] */
    public void forward(Kernels kernels, Tensor out, int[] ids) {
        kernels.embed(out, table, ids, ids.length);
        if (multiplier != 1) {
            kernels.scale(out, multiplier, ids.length);
        }
    }
}
