package io.caravan.model.layer;

import io.caravan.kernels.Kernels;
import io.caravan.kernels.Tensor;

/** One transformer layer: attention, then feed-forward, each added to what came in. */
public record TransformerLayer(SelfAttention attention, FeedForward feedForward) {

    /** Runs the layer over the first {@code rows} of {@code x} [maxRows, hidden], in place. */
    public void forward(
            Kernels kernels, Tensor x, Rotation rotation, AttentionContext context, LayerScratch scratch, int rows) {
        attention.forward(kernels, x, rotation, context, scratch, rows);
        feedForward.forward(kernels, x, scratch, rows);
    }

    /** x += factor · branch; the branch is scratch afterwards. */
    static void addResidual(Kernels kernels, Tensor x, Tensor branch, float factor, int rows) {
        if (factor != 1) {
            kernels.scale(branch, factor, rows);
        }
        kernels.add(x, branch, rows);
    }
}
