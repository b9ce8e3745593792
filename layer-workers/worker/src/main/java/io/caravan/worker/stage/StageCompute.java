package io.caravan.worker.stage;

import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.util.List;
import org.agrona.DirectBuffer;

/**
 * The arithmetic of a stage, as its agent needs it. Used by one thread, the one that loaded it.
 *
 * <p>A step is {@link #writeHidden} (but on the first stage), {@link #forward}, then {@link #readHidden}, or {@link #choose}
 * on the last stage.
 */
public interface StageCompute extends AutoCloseable {

    /** Provider and CPU path of the kernels, as {@code vector/avx2}. */
    String kernels();

    long weightBytes();

    long kvBytes();

    /** Most rows of one step. */
    int maxRows();

    /** Bytes of one row of hidden states. */
    int hiddenRowBytes();

    /**
     * Takes over the hidden states that the stage before computed.
     *
     * @param source F32 [rows, hidden size] from {@code offset} on
     * @param byteCount at most {@code maxRows() * hiddenRowBytes()}
     */
    void writeHidden(DirectBuffer source, int offset, int byteCount);

    /**
     * Runs the stage's layers over the plan's rows.
     *
     * @throws IllegalArgumentException when the plan does not fit the stage, before anything is computed
     */
    void forward(StepPlan plan);

    /** The first {@code byteCount} bytes of the hidden states, good until the next call of any method. */
    DirectBuffer readHidden(int byteCount);

    /** The last stage's tokens, for the slices that ask for them, in the plan's order. */
    List<StepResult.Chosen> choose(StepPlan plan);

    /** Gives weights, blocks and threads back. */
    @Override
    void close();
}
