package io.caravan.model;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.WeightView;
import io.caravan.proto.model.ModelSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A checkpoint of F32 with a row of one tensor in which a number is missing.
 *
 * @param name of the tensor
 * @param row of it whose first element is NaN
 */
record DamagedCheckpoint(Checkpoint whole, String name, int row) implements Checkpoint {
    @Override
    public ModelSpec spec() {
        return whole.spec();
    }

    @Override
    public String fingerprint() {
        return "damaged";
    }

    @Override
    public boolean has(String tensor) {
        return whole.has(tensor);
    }

    @Override
    public WeightView tensor(String tensor, long... shape) {
        WeightView view = whole.tensor(tensor, shape);
        if (!tensor.equals(name)) {
            return view;
        }
        MemorySegment data = Arena.ofAuto().allocate(view.data().byteSize(), 64);
        data.copyFrom(view.data());
        long columns = shape.length == 1 ? shape[0] : shape[1];
        data.setAtIndex(ValueLayout.JAVA_FLOAT, row * columns, Float.NaN);
        return new WeightView(tensor, view.type(), view.shape(), data);
    }

    @Override
    public void close() {
        whole.close();
    }
}
