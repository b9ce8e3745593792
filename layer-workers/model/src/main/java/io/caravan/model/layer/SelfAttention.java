package io.caravan.model.layer;

import io.caravan.kernels.Kernels;
import io.caravan.kernels.Tensor;
import java.util.List;

/**
 * The branch of a layer in which rows look at each other.
 *
 * @param norm [1, hidden]
 * @param query [heads * headDim, hidden]
 * @param key [kvHeads * headDim, hidden]
 * @param value as key
 * @param output [hidden, heads * headDim]
 * @param rotated whether queries and keys carry their positions
 * @param residual what the branch's result is multiplied by
 */
public record SelfAttention(
        Tensor norm,
        Projection query,
        Projection key,
        Projection value,
        Projection output,
        HeadNorm headNorm,
        boolean rotated,
        int headDim,
        float eps,
        float residual) {

    /** x += residual · output · attention(rotate(query · norm(x)), …). x [rows, hidden] */
    public void forward(
            Kernels kernels, Tensor x, Rotation rotation, AttentionContext context, LayerScratch scratch, int rows) {
        kernels.rmsNorm(scratch.branch(), x, norm, eps, rows);
        Projection.forward(
                kernels,
                List.of(scratch.query(), scratch.key(), scratch.value()),
                scratch.branch(),
                List.of(query, key, value),
                rows);
        headNorm.forward(kernels, scratch.query(), scratch.key(), rows);
        if (rotated) {
            kernels.rope(scratch.query(), rotation.cos(), rotation.sin(), headDim, rows);
            kernels.rope(scratch.key(), rotation.cos(), rotation.sin(), headDim, rows);
        }
        context.attend(scratch.attended(), scratch.query(), scratch.key(), scratch.value());
        output.forward(kernels, scratch.branch(), scratch.attended(), rows);
        TransformerLayer.addResidual(kernels, x, scratch.branch(), residual, rows);
    }
}
