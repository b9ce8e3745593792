package io.caravan.model.layer;

import io.caravan.kernels.Kernels;
import io.caravan.kernels.Tensor;
import java.util.List;

/**
 * The branch of a layer in which each row is worked on alone.
 *
 * @param norm [1, hidden]
 * @param gate [intermediate, hidden]
 * @param up as gate
 * @param down [hidden, intermediate]
 */
public record FeedForward(Tensor norm, Tensor gate, Tensor up, Tensor down, float eps) {

    /** x += down · (silu(gate · norm(x)) · (up · norm(x))). x [rows, hidden] */
    public void forward(Kernels kernels, Tensor x, LayerScratch scratch, int rows) {
        kernels.rmsNorm(scratch.branch(), x, norm, eps, rows);
        kernels.matmul(List.of(scratch.gate(), scratch.up()), scratch.branch(), List.of(gate, up), rows);
        kernels.swiGlu(scratch.gate(), scratch.up(), rows);
        kernels.matmul(scratch.branch(), scratch.gate(), down, rows);
        kernels.add(x, scratch.branch(), rows);
    }
}
