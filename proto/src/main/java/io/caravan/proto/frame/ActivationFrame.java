package io.caravan.proto.frame;

import io.caravan.proto.model.TensorType;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.StageTiming;
import io.caravan.proto.step.StepPlan;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * A step on its way from one stage to the next: the plan, what the stages before took, whom they could not
 * compute, and the hidden states of the others.
 *
 * <p>The payload is: length of the plan and of the hidden states, code of their type (int each: 0 F32, 1 F16, 2 BF16),
 * timings, faults, plan, zeros up to a multiple of 64 bytes from the frame's start, hidden states. They are little-endian, [rows of
 * the plan, hidden size], and are not copied by {@link #wrap}.
 *
 * <p>A frame is written in two halves, so that hidden states go straight from a device to where the frame lies: {@link
 * #begin}, the hidden states, {@link #end}.
 */
public final class ActivationFrame {
    private static final int ALIGNMENT = 64;

    /** By their codes. */
    private static final List<TensorType> TYPES = List.of(TensorType.F32, TensorType.F16, TensorType.BF16);

    private StepPlan plan;
    private TensorType hiddenType = TensorType.F32;
    private List<StageTiming> timings = List.of();
    private List<SequenceFault> faults = List.of();
    private int hiddenOffset;
    private int hiddenBytes;
    private long sentAtNs;

    /**
     * Writes what comes before the hidden states, but for the header, from the start of {@code buffer} on, which must be
     * long enough or grow by itself.
     *
     * @param timings of the stages that the step has passed
     * @param faults sequences that are not in {@code plan} any more
     * @param hiddenBytes of the hidden states [plan.rowCount(), hidden size]
     * @return where the hidden states begin in the frame; their end is the frame's
     * @throws FrameException when {@code hiddenBytes} are not whole rows of {@code hiddenType}
     */
    public static int begin(
            StepPlan plan,
            List<StageTiming> timings,
            List<SequenceFault> faults,
            TensorType hiddenType,
            int hiddenBytes,
            MutableDirectBuffer buffer) {
        requireWholeRows(plan, hiddenType, hiddenBytes);
        PayloadWriter out = new PayloadWriter(buffer, FrameHeader.LENGTH);
        out.int32(0);
        out.int32(hiddenBytes);
        out.int32(TYPES.indexOf(hiddenType));
        TimingCodec.write(timings, out);
        FaultCodec.write(faults, out);
        int planStart = out.position();
        PlanCodec.write(plan, out);
        out.patch(FrameHeader.LENGTH, out.position() - planStart);
        out.align(ALIGNMENT);
        return out.position();
    }

    /**
     * Writes the header of the frame that fills the first {@code frameBytes} of {@code buffer}.
     *
     * @param sentAtNs the clock now, in nanoseconds since 1970
     * @return the frame's length
     */
    public static int end(StepPlan plan, int frameBytes, long sentAtNs, MutableDirectBuffer buffer) {
        return FrameHeader.write(
                buffer, 0, FrameType.ACTIVATION, plan.epoch(), plan.step(), frameBytes - FrameHeader.LENGTH, sentAtNs);
    }

    /**
     * Reads the frame that fills {@code length} bytes; returns itself.
     *
     * @throws FrameException when it is not an undamaged activation frame
     */
    public ActivationFrame wrap(DirectBuffer buffer, int offset, int length) {
        FrameHeader header = FrameReader.require(FrameType.ACTIVATION, buffer, offset, length);
        PayloadReader in = new PayloadReader(buffer, offset + FrameHeader.LENGTH, offset + length);
        int planBytes = in.index("length of the plan");
        hiddenBytes = in.index("length of the hidden states");
        hiddenType = type(in.int32());
        timings = TimingCodec.read(in);
        faults = FaultCodec.read(in);
        PayloadReader planIn = in.part(planBytes);
        plan = PlanCodec.read(header.epoch(), header.step(), planIn);
        planIn.requireEnd();
        in.take(Math.floorMod(offset - in.position(), ALIGNMENT));
        hiddenOffset = in.take(hiddenBytes);
        in.requireEnd();
        requireWholeRows(plan, hiddenType, hiddenBytes);
        sentAtNs = header.sentAtNs();
        return this;
    }

    public StepPlan plan() {
        return plan;
    }

    /** One for each stage that the step has passed, in their order. */
    public List<StageTiming> timings() {
        return timings;
    }

    /** Sequences of the step that a stage before could not compute. */
    public List<SequenceFault> faults() {
        return faults;
    }

    /** Where the hidden states start in the buffer that was wrapped. */
    public int hiddenOffset() {
        return hiddenOffset;
    }

    /** What the hidden states are stored as. */
    public TensorType hiddenType() {
        return hiddenType;
    }

    public int hiddenBytes() {
        return hiddenBytes;
    }

    /** When the stage before wrote the frame, by its host's clock, in nanoseconds since 1970. */
    public long sentAtNs() {
        return sentAtNs;
    }

    private static TensorType type(int code) {
        if (code < 0 || code >= TYPES.size()) {
            throw new FrameException("hidden states of an unknown type, " + code);
        }
        return TYPES.get(code);
    }

    private static void requireWholeRows(StepPlan plan, TensorType type, int hiddenBytes) {
        long columnBytes = type.bytes(plan.rowCount());
        boolean whole = columnBytes == 0 ? hiddenBytes == 0 : hiddenBytes > 0 && hiddenBytes % columnBytes == 0;
        if (!whole) {
            throw new FrameException(
                    hiddenBytes + " bytes are not hidden states of " + plan.rowCount() + " rows of " + type);
        }
    }
}
