package io.caravan.worker.stage;

import io.caravan.kernels.Device;
import io.caravan.kernels.Tensor;
import io.caravan.model.StageModel;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** A {@link StageModel} on a device; hidden states pass through a staging buffer in host memory. */
final class ModelCompute implements StageCompute {
    private final StageModel model;
    private final Device device;
    private final int maxRows;
    private final int hiddenRowBytes;
    private final MemorySegment staging; // F32 [maxRows, hidden]
    private final UnsafeBuffer stagingBuffer; // the same memory
    private final Deque<AutoCloseable> owned;

    /** @param owned what the stage holds, closed from the first on; the model and the device among them */
    ModelCompute(StageModel model, Device device, int maxRows, Deque<AutoCloseable> owned) {
        this.model = model;
        this.device = device;
        this.maxRows = maxRows;
        this.owned = new ArrayDeque<>(owned);
        Tensor hidden = model.hidden();
        hiddenRowBytes = Math.toIntExact(hidden.type().bytes(hidden.columns()));
        ByteBuffer memory = ByteBuffer.allocateDirect(Math.multiplyExact(maxRows, hiddenRowBytes));
        staging = MemorySegment.ofBuffer(memory);
        stagingBuffer = new UnsafeBuffer(memory);
    }

    @Override
    public String kernels() {
        return device.name();
    }

    @Override
    public long weightBytes() {
        return model.weightBytes();
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
    public int hiddenRowBytes() {
        return hiddenRowBytes;
    }

    @Override
    public void writeHidden(DirectBuffer source, int offset, int byteCount) {
        stagingBuffer.putBytes(0, source, offset, byteCount);
        device.write(model.hidden(), staging, byteCount);
    }

    @Override
    public void forward(StepPlan plan) {
        model.forward(plan);
    }

    @Override
    public DirectBuffer readHidden(int byteCount) {
        device.read(model.hidden(), staging, byteCount);
        return stagingBuffer;
    }

    @Override
    public List<StepResult.Chosen> choose(StepPlan plan) {
        return model.choose(plan);
    }

    @Override
    public void close() {
        ModelStageLoader.closeAll(owned);
    }
}
