package io.caravan.model.layer;

import io.caravan.kernels.Device;
import io.caravan.kernels.Kernels;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;

/**
 * From hidden states to logits, for the rows that choose a token only. Logits are wide: a prompt of 512 rows over a
 * vocabulary of 128 thousand would take 256 MiB. So rows go through in groups that a bounded scratch holds.
 *
 * @param norm [1, hidden]
 * @param output [vocab, hidden]
 * @param picked [groupRows, hidden] scratch
 * @param normed as picked
 * @param logits [groupRows, vocab] scratch and result
 * @param multiplier of logits
 */
public record Head(
        Tensor norm, Tensor output, Tensor picked, Tensor normed, Tensor logits, float eps, float multiplier) {

    /** Most bytes that the logits of one group take, unless a single row takes more. */
    public static final long MAX_LOGITS_BYTES = 8L << 20;

    /** A head with scratch for groups of at most {@code maxRows} rows. */
    public static Head create(Device device, ModelSpec spec, Tensor norm, Tensor output, int maxRows) {
        int rows = groupRows(spec.vocabSize(), maxRows);
        return new Head(
                norm,
                output,
                device.allocate(TensorType.F32, rows, spec.hiddenSize()),
                device.allocate(TensorType.F32, rows, spec.hiddenSize()),
                device.allocate(TensorType.F32, rows, spec.vocabSize()),
                spec.rmsNormEps(),
                (float) spec.variations().multipliers().logits());
    }

    static int groupRows(int vocabSize, int maxRows) {
        long fitting = MAX_LOGITS_BYTES / TensorType.F32.bytes(vocabSize);
        return Math.clamp(fitting, 1, maxRows);
    }

    /** Most rows that one {@link #forward} takes. */
    public int groupRows() {
        return (int) logits.rows();
    }

    /** {@link #logits}[i] = multiplier · output · norm(x[rowIndices[i]]) for at most {@link #groupRows()} rows. x [maxRows, hidden] */
    public void forward(Kernels kernels, Tensor x, int[] rowIndices) {
        kernels.gatherRows(picked, x, rowIndices);
        kernels.rmsNorm(normed, picked, norm, eps, rowIndices.length);
        kernels.matmul(logits, normed, output, rowIndices.length);
        if (multiplier != 1) {
            kernels.scale(logits, multiplier, rowIndices.length);
        }
    }
}
