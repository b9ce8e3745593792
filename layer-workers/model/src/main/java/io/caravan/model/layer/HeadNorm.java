package io.caravan.model.layer;

import io.caravan.kernels.Kernels;
import io.caravan.kernels.Tensor;

/** What happens to the heads of queries and keys before they are rotated. */
public sealed interface HeadNorm {

    /** Nothing, as in LLaMA. */
    record None() implements HeadNorm {}

    /**
     * RMSNorm of each head alone, with the same weights for all heads.
     *
     * @param query [1, headDim]
     * @param key as query
     */
    record EachHead(Tensor query, Tensor key, float eps) implements HeadNorm {}

    /** Norms the first {@code rows} of {@code query} [maxRows, heads * headDim] and {@code key}, in place. */
    default void forward(Kernels kernels, Tensor query, Tensor key, int rows) {
        switch (this) {
            case None none -> {}
            case EachHead norm -> {
                eachHead(kernels, query, norm.query, norm.eps, rows);
                eachHead(kernels, key, norm.key, norm.eps, rows);
            }
        }
    }

    private static void eachHead(Kernels kernels, Tensor x, Tensor weight, float eps, int rows) {
        Tensor heads = x.inRowsOf(weight.columns());
        kernels.rmsNorm(heads, heads, weight, eps, rows * Math.toIntExact(x.columns() / weight.columns()));
    }
}
