package io.caravan.model.layer;

import io.caravan.kernels.Kernels;
import io.caravan.kernels.Tensor;
import java.util.List;

/**
 * A matrix and what is added to its products.
 *
 * @param weight [outputs, inputs]
 */
public record Projection(Tensor weight, Bias bias) {

    /** out = x · weightᵀ + bias. out [maxRows, outputs], x [maxRows, inputs] */
    public void forward(Kernels kernels, Tensor out, Tensor x, int rows) {
        kernels.matmul(out, x, weight, rows);
        bias.addTo(kernels, out, rows);
    }

    /** The same of several projections of one {@code x}. */
    static void forward(Kernels kernels, List<Tensor> outs, Tensor x, List<Projection> projections, int rows) {
        kernels.matmul(outs, x, projections.stream().map(Projection::weight).toList(), rows);
        for (int i = 0; i < outs.size(); i++) {
            projections.get(i).bias.addTo(kernels, outs.get(i), rows);
        }
    }
}
