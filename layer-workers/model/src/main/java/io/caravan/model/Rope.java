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
    private final double[] frequencies; // [headDim / 2] radians per position
    private final float[] hostCos; // [maxRows, headDim / 2]
    private final float[] hostSin; // as hostCos
    private final Rotation rotation;

    public Rope(Device device, ModelSpec spec, int maxRows) {
        this.device = device;
        frequencies = frequencies(spec.headDim(), spec.ropeTheta(), spec.ropeScaling());
        hostCos = new float[Math.multiplyExact(maxRows, frequencies.length)];
        hostSin = new float[hostCos.length];
        rotation = new Rotation(
                device.allocate(TensorType.F32, maxRows, frequencies.length),
                device.allocate(TensorType.F32, maxRows, frequencies.length));
    }

    /** The rotation of rows at {@code positions}; good until the next call. */
    public Rotation at(int[] positions) {
        int pairs = frequencies.length;
        for (int row = 0; row < positions.length; row++) {
            for (int pair = 0; pair < pairs; pair++) {
                double angle = positions[row] * frequencies[pair];
                hostCos[row * pairs + pair] = (float) Math.cos(angle);
                hostSin[row * pairs + pair] = (float) Math.sin(angle);
            }
        }
        write(rotation.cos(), hostCos, positions.length * pairs);
        write(rotation.sin(), hostSin, positions.length * pairs);
        return rotation;
    }

    private void write(Tensor target, float[] values, int count) {
        device.write(target, MemorySegment.ofArray(values), TensorType.F32.bytes(count));
    }

    /** Radians per position of the pairs (i, i + headDim / 2). */
    static double[] frequencies(int headDim, double theta, RopeScaling scaling) {
        double[] frequencies = new double[headDim / 2];
        for (int pair = 0; pair < frequencies.length; pair++) {
            double trained = Math.pow(theta, -2.0 * pair / headDim);
            frequencies[pair] = switch (scaling) {
                case RopeScaling.None none -> trained;
                case RopeScaling.Linear linear -> trained / linear.factor();
                case RopeScaling.Divisors divisors ->
                    trained / divisors.divisors().get(pair);
                case RopeScaling.Llama3 llama3 -> scaled(trained, llama3);
            };
        }
        return frequencies;
    }

    /** Pairs that turn often within the original context are kept, those that never turn are slowed, others blended. */
    private static double scaled(double trained, RopeScaling.Llama3 scaling) {
        double turns = scaling.originalMaxPositions() * trained / (2 * Math.PI);
        if (turns > scaling.highFreqFactor()) {
            return trained;
        }
        if (turns < scaling.lowFreqFactor()) {
            return trained / scaling.factor();
        }
        double kept = (turns - scaling.lowFreqFactor()) / (scaling.highFreqFactor() - scaling.lowFreqFactor());
        return (1 - kept) * trained / scaling.factor() + kept * trained;
    }
}
