package io.caravan.model;

import io.caravan.formats.ModelFormatException;
import io.caravan.kernels.StoredRows;
import io.caravan.kernels.WeightRows;
import io.caravan.kernels.quant.FiniteCheck;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;

/**
 * Weights that are looked at on their way: what is infinite or not a number there would make an answer of nonsense, or none.
 *
 * @param name of the tensor
 * @param stored what is looked at
 * @param given what the device gets, made of the same rows
 */
record CheckedRows(String name, StoredRows stored, WeightRows given) implements WeightRows {

    @Override
    public TensorType type() {
        return given.type();
    }

    @Override
    public long rows() {
        return given.rows();
    }

    @Override
    public long columns() {
        return given.columns();
    }

    @Override
    public MemorySegment source() {
        return given.source();
    }

    @Override
    public MemorySegment rows(long from, long to) {
        long damaged = from + FiniteCheck.firstDamaged(stored.type(), stored.rows(from, to), stored.columns());
        if (damaged < to) {
            throw new ModelFormatException("row " + damaged + " of " + name
                    + " has a weight that is infinite or not a number: the checkpoint is damaged, fetch it again");
        }
        return given.rows(from, to);
    }

    @Override
    public MemorySegment rowsAgain(long from, long to) {
        return given.rowsAgain(from, to);
    }
}
