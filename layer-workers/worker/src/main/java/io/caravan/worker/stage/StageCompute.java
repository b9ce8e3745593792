package io.caravan.worker.stage;

import io.caravan.model.Choices;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.StepPlan;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The arithmetic of a stage, as its agent needs it. Used by one thread, the one that loaded it.
 *
 * <p>A step is {@link #writeHidden} (but on the first stage), {@link #forward}, then {@link #readHidden}, or {@link #choose}
 * on the last stage.
 */
public interface StageCompute extends AutoCloseable {

    /** Provider and CPU path of the kernels, as {@code vector/avx2}. */
    String kernels();

    HeldWeights weights();

    long kvBytes();

    /** Most rows of one step. */
    int maxRows();

    /** Elements of one row of hidden states. */
    int hiddenSize();

    /**
     * Takes over the hidden states that the stage before computed.
     *
     * @param type what they are stored as: F32, BF16 or F16
     * @param source [rows, hidden size] from {@code offset} on
     * @param rows at most {@link #maxRows()}
     */
    void writeHidden(TensorType type, DirectBuffer source, int offset, int rows);

    /**
     * Runs the stage's layers over the plan's rows.
     *
     * @throws IllegalArgumentException when the plan does not fit the stage, before anything is computed
     */
    void forward(StepPlan plan);

    /**
     * Writes the hidden states of the first {@code rows} rows to {@code target}, which is long enough.
     *
     * @param type to store them as: F32, or BF16 or F16, rounded to the nearest, ties to even
     */
    void readHidden(TensorType type, MutableDirectBuffer target, int offset, int rows);

    /** Because of which sequences {@link #forward} refuses a plan. */
    List<SequenceFault> faults(StepPlan plan);

    /** The last stage's tokens, for the slices that ask for them, in the plan's order. */
    Choices choose(StepPlan plan);

    /** Gives weights, blocks and threads back. */
    @Override
    void close();
}
