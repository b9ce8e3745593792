package io.caravan.proto.frame;

import io.caravan.proto.step.StageTiming;
import io.caravan.proto.step.StepPlan;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * A step on its way from one stage to the next: the plan, what the stages before took, and the hidden states.
 *
 * <p>The payload is: length of the plan and of the hidden states (int each), timings, plan, zeros up to a multiple of 64
 * bytes from the frame's start, hidden states. They are F32, little-endian, [rows of the plan, hidden size], and are not
 * copied by {@link #wrap}.
 */
public final class ActivationFrame {
    private static final int ALIGNMENT = 64;

    private StepPlan plan;
    private List<StageTiming> timings = List.of();
    private int hiddenOffset;
    private int hiddenBytes;
    private long sentAtNs;

    /**
     * Writes a frame from the start of {@code buffer} on, which must be long enough or grow by itself.
     *
     * @param timings of the stages that the step has passed
     * @param hidden F32 [plan.rowCount(), hidden size] from {@code hiddenOffset} on
     * @param sentAtNs the clock now, in nanoseconds since 1970
     * @return the frame's length
     */
    public static int encode(
            StepPlan plan,
            List<StageTiming> timings,
            DirectBuffer hidden,
            int hiddenOffset,
            int hiddenBytes,
            long sentAtNs,
            MutableDirectBuffer buffer) {
        requireWholeRows(plan, hiddenBytes);
        PayloadWriter out = new PayloadWriter(buffer, FrameHeader.LENGTH);
        out.int32(0);
        out.int32(hiddenBytes);
        TimingCodec.write(timings, out);
        int planStart = out.position();
        PlanCodec.write(plan, out);
        out.patch(FrameHeader.LENGTH, out.position() - planStart);
        out.align(ALIGNMENT);
        out.bytes(hidden, hiddenOffset, hiddenBytes);
        return FrameHeader.write(
                buffer,
                0,
                FrameType.ACTIVATION,
                plan.epoch(),
                plan.step(),
                out.position() - FrameHeader.LENGTH,
                sentAtNs);
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
        timings = TimingCodec.read(in);
        PayloadReader planIn = in.part(planBytes);
        plan = PlanCodec.read(header.epoch(), header.step(), planIn);
        planIn.requireEnd();
        in.take(Math.floorMod(offset - in.position(), ALIGNMENT));
        hiddenOffset = in.take(hiddenBytes);
        in.requireEnd();
        requireWholeRows(plan, hiddenBytes);
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

    /** Where the hidden states start in the buffer that was wrapped. */
    public int hiddenOffset() {
        return hiddenOffset;
    }

    public int hiddenBytes() {
        return hiddenBytes;
    }

    /** When the stage before wrote the frame, by its host's clock, in nanoseconds since 1970. */
    public long sentAtNs() {
        return sentAtNs;
    }

    private static void requireWholeRows(StepPlan plan, int hiddenBytes) {
        long columnBytes = (long) plan.rowCount() * Float.BYTES;
        if (hiddenBytes <= 0 || hiddenBytes % columnBytes != 0) {
            throw new FrameException(hiddenBytes + " bytes are not hidden states of " + plan.rowCount() + " rows");
        }
    }
}
