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
 * @param residual what the branch's result is multiplied by
 */
public record FeedForward(Tensor norm, Projection gate, Projection up, Projection down, float eps, float residual) {

    /** x += residual · down · (silu(gate · norm(x)) · (up · norm(x))). x [rows, hidden] */
    public void forward(Kernels kernels, Tensor x, LayerScratch scratch, int rows) {
        kernels.rmsNorm(scratch.branch(), x, norm, eps, rows);
        Projection.forward(kernels, List.of(scratch.gate(), scratch.up()), scratch.branch(), List.of(gate, up), rows);
        kernels.swiGlu(scratch.gate(), scratch.up(), rows);
        down.forward(kernels, scratch.branch(), scratch.gate(), rows);
        TransformerLayer.addResidual(kernels, x, scratch.branch(), residual, rows);
    }
}
