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
 */
public record SelfAttention(
        Tensor norm, Tensor query, Tensor key, Tensor value, Tensor output, int headDim, float eps) {

    /** x += output · attention(rotate(query · norm(x)), …). x [rows, hidden] */
    public void forward(
            Kernels kernels, Tensor x, Rotation rotation, AttentionContext context, LayerScratch scratch, int rows) {
        kernels.rmsNorm(scratch.branch(), x, norm, eps, rows);
        kernels.matmul(
                List.of(scratch.query(), scratch.key(), scratch.value()),
                scratch.branch(),
                List.of(query, key, value),
                rows);
        kernels.rope(scratch.query(), rotation.cos(), rotation.sin(), headDim, rows);
        kernels.rope(scratch.key(), rotation.cos(), rotation.sin(), headDim, rows);
        context.attend(scratch.attended(), scratch.query(), scratch.key(), scratch.value());
        kernels.matmul(scratch.branch(), scratch.attended(), output, rows);
        kernels.add(x, scratch.branch(), rows);
    }
}
