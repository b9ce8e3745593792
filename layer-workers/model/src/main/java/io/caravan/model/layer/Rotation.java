package io.caravan.model.layer;

import io.caravan.kernels.Tensor;

/**
 * The rotary angles of a step's rows, the same for all layers.
 *
 * @param cos [maxRows, headDim / 2]
 * @param sin as cos
 */
public record Rotation(Tensor cos, Tensor sin) {}
