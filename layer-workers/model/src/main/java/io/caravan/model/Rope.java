package io.caravan.model;

import io.caravan.kernels.Device;
import io.caravan.kernels.Tensor;
import io.caravan.model.layer.Rotation;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;

/**
 * Rotary position embedding: the angle of a pair is its frequency times the position, computed in double on the host for
 * each step's rows, since a product of floats would be off by whole turns far into a long context.
 */
public final class Rope {
    private final Device device;
    private final ModelSpec spec;
    private final double amplitude;
    private final float[] hostCos; // [maxRows, headDim / 2]
    private final float[] hostSin; // as hostCos
    private final Rotation rotation;
    private double[] frequencies; // [headDim / 2] radians per position
    private int frequenciesLength = 1; // of the sequence that they are for

    public Rope(Device device, ModelSpec spec, int maxRows) {
        this.device = device;
        this.spec = spec;
        amplitude = spec.ropeScaling().amplitude();
        frequencies = frequencies(frequenciesLength);
        hostCos = new float[Math.multiplyExact(maxRows, frequencies.length)];
        hostSin = new float[hostCos.length];
        rotation = new Rotation(
                device.allocate(TensorType.F32, maxRows, frequencies.length),
                device.allocate(TensorType.F32, maxRows, frequencies.length));
    }

    /**
     * The rotation of rows at {@code positions}; good until the next call.
     *
     * @param lengths of the rows' sequences, each when the row was first computed
     */
    public Rotation at(int[] positions, int[] lengths) {
        int pairs = frequencies.length;
        for (int row = 0; row < positions.length; row++) {
            if (spec.ropeScaling() instanceof RopeScaling.Dynamic dynamic) {
                growTo(Math.max(lengths[row], dynamic.originalMaxPositions()));
            }
            for (int pair = 0; pair < pairs; pair++) {
                double angle = positions[row] * frequencies[pair];
                hostCos[row * pairs + pair] = (float) (Math.cos(angle) * amplitude);
                hostSin[row * pairs + pair] = (float) (Math.sin(angle) * amplitude);
            }
        }
        write(rotation.cos(), hostCos, positions.length * pairs);
        write(rotation.sin(), hostSin, positions.length * pairs);
        return rotation;
    }

    /** The rows of a prompt share their frequencies, so that they are computed once. */
    private void growTo(int length) {
        if (length != frequenciesLength) {
            frequencies = frequencies(length);
            frequenciesLength = length;
        }
    }

    private double[] frequencies(int length) {
        return RopeFrequencies.of(spec.headDim(), spec.ropeTheta(), spec.ropeScaling(), length);
    }

    private void write(Tensor target, float[] values, int count) {
        device.write(target, MemorySegment.ofArray(values), TensorType.F32.bytes(count));
    }
}
