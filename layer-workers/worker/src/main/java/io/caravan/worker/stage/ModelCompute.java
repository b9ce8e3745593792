package io.caravan.worker.stage;

import io.caravan.kernels.Device;
import io.caravan.model.Choices;
import io.caravan.model.StageModel;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.StepPlan;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** A {@link StageModel} on a device; hidden states go straight between it and the frames. */
final class ModelCompute implements StageCompute {
    private final StageModel model;
    private final Device device;
    private final int maxRows;
    private final Deque<AutoCloseable> owned;

    /** @param owned what the stage holds, closed from the first on; the model and the device among them */
    ModelCompute(StageModel model, Device device, int maxRows, Deque<AutoCloseable> owned) {
        this.model = model;
        this.device = device;
        this.maxRows = maxRows;
        this.owned = new ArrayDeque<>(owned);
    }

    @Override
    public String kernels() {
        return device.name();
    }

    @Override
    public HeldWeights weights() {
        return model.heldWeights();
    }

    @Override
    public long kvBytes() {
        return model.kvBytes();
    }

    @Override
    public int maxRows() {
        return maxRows;
    }

    @Override
    public int hiddenSize() {
        return Math.toIntExact(model.hidden().columns());
    }

    @Override
    public void writeHidden(TensorType type, DirectBuffer source, int offset, int rows) {
        MemorySegment bytes = HostBytes.of(source, offset, hiddenBytes(type, rows));
        device.write(model.hidden(), type, bytes, (long) rows * hiddenSize());
    }

    private int hiddenBytes(TensorType type, int rows) {
        return Math.toIntExact(type.bytes((long) rows * hiddenSize()));
    }

    @Override
    public void forward(StepPlan plan) {
        model.forward(plan);
    }

    @Override
    public void readHidden(TensorType type, MutableDirectBuffer target, int offset, int rows) {
        MemorySegment bytes = HostBytes.of(target, offset, hiddenBytes(type, rows));
        device.read(model.hidden(), type, bytes, (long) rows * hiddenSize());
    }

    @Override
    public List<SequenceFault> faults(StepPlan plan) {
        return model.faults(plan);
    }

    @Override
    public Choices choose(StepPlan plan) {
        return model.choose(plan);
    }

    @Override
    public void close() {
        ModelStageLoader.closeAll(owned);
    }
}
