package io.caravan.model.layer;

import io.caravan.kernels.Device;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;

/**
 * Where a layer keeps what lives no longer than the layer; all layers of a stage share it.
 *
 * @param branch [maxRows, hidden] the normed input of a branch, and at its end the branch's output
 * @param query [maxRows, heads * headDim]
 * @param key [maxRows, kvHeads * headDim]
 * @param value as key
 * @param attended as query
 * @param gate [maxRows, intermediate]
 * @param up as gate
 */
public record LayerScratch(
        Tensor branch, Tensor query, Tensor key, Tensor value, Tensor attended, Tensor gate, Tensor up) {

    /** Scratch for steps of up to {@code maxRows} rows. */
    public static LayerScratch allocate(Device device, ModelSpec spec, int maxRows) {
        return new LayerScratch(
                device.allocate(TensorType.F32, maxRows, spec.hiddenSize()),
                device.allocate(TensorType.F32, maxRows, spec.queryWidth()),
                device.allocate(TensorType.F32, maxRows, spec.kvWidth()),
                device.allocate(TensorType.F32, maxRows, spec.kvWidth()),
                device.allocate(TensorType.F32, maxRows, spec.queryWidth()),
                device.allocate(TensorType.F32, maxRows, spec.intermediateSize()),
                device.allocate(TensorType.F32, maxRows, spec.intermediateSize()));
    }
}
