package io.caravan.model;

import io.caravan.kernels.PagedRows;
import io.caravan.model.kv.KvPool;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import java.util.ArrayList;
import java.util.List;

/**
 * A step plan laid out row by row, checked: it came over the wire.
 *
 * @param ids [rows] token of each row
 * @param lengths [rows] of each row's sequence when the row was first computed
 * @param places where each row stands in its sequence
 */
record StepRows(int[] ids, int[] lengths, PagedRows places) {

    /**
     * Rows of {@code plan}, slice after slice.
     *
     * @throws IllegalArgumentException when the plan asks for more than the stage can do; says what and how much there is
     */
    static StepRows of(StepPlan plan, ModelSpec spec, KvPool pool, int maxRows) {
        int rows = plan.rowCount();
        if (rows > maxRows) {
            throw new IllegalArgumentException("step " + plan.step() + " has " + rows + " rows, but the stage computes"
                    + " at most " + maxRows + " in one step");
        }
        int[] ids = new int[rows];
        int[] lengths = new int[rows];
        int[] positions = new int[rows];
        int[][] tables = new int[rows][];
        int row = 0;
        for (SequenceSlice slice : plan.slices()) {
            int[] table = checkedTable(slice, spec, pool);
            for (int i = 0; i < slice.tokens().size(); i++, row++) {
                ids[row] = checkedToken(slice, i, spec.vocabSize());
                positions[row] = slice.startPosition() + i;
                lengths[row] = slice.lengthAt(positions[row]);
                tables[row] = table;
            }
        }
        return new StepRows(ids, lengths, new PagedRows(positions, tables));
    }

    /** Of each sequence that is asked too much, what it is; empty where {@link #of} takes every slice. */
    static List<SequenceFault> faults(StepPlan plan, ModelSpec spec, KvPool pool) {
        var faults = new ArrayList<SequenceFault>();
        for (SequenceSlice slice : plan.slices()) {
            try {
                checkedTable(slice, spec, pool);
                for (int i = 0; i < slice.tokens().size(); i++) {
                    checkedToken(slice, i, spec.vocabSize());
                }
            } catch (IllegalArgumentException unfit) {
                faults.add(new SequenceFault(slice.sequenceId(), unfit.getMessage()));
            }
        }
        return faults;
    }

    private static int[] checkedTable(SequenceSlice slice, ModelSpec spec, KvPool pool) {
        long end = (long) slice.startPosition() + slice.tokens().size();
        if (end > spec.maxPositions()) {
            throw new IllegalArgumentException("sequence " + slice.sequenceId() + " goes up to position " + end
                    + ", but the model's context ends at " + spec.maxPositions());
        }
        return pool.table(slice.sequenceId(), slice.blocks(), slice.endPosition());
    }

    private static int checkedToken(SequenceSlice slice, int index, int vocabSize) {
        int token = slice.tokens().get(index);
        if (token < 0 || token >= vocabSize) {
            throw new IllegalArgumentException(
                    "sequence " + slice.sequenceId() + " has token " + token + " at position "
                            + (slice.startPosition() + index) + ", which is not in the vocabulary of " + vocabSize);
        }
        return token;
    }

    int count() {
        return ids.length;
    }
}
