package io.caravan.proto.frame;

import io.caravan.proto.step.StepPlan;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** A {@link StepPlan} on its way from the scheduler to stage 0. */
public final class StepPlanFrame {
    private StepPlanFrame() {}

    /**
     * Writes a frame from the start of {@code buffer} on, which must be long enough or grow by itself.
     *
     * @param sentAtNs the clock now, in nanoseconds since 1970
     * @return the frame's length
     */
    public static int encode(StepPlan plan, long sentAtNs, MutableDirectBuffer buffer) {
        PayloadWriter out = new PayloadWriter(buffer, FrameHeader.LENGTH);
        PlanCodec.write(plan, out);
        return FrameHeader.write(
                buffer,
                0,
                FrameType.STEP_PLAN,
                plan.epoch(),
                plan.step(),
                out.position() - FrameHeader.LENGTH,
                sentAtNs);
    }

    /**
     * The plan of the frame that fills {@code length} bytes.
     *
     * @throws FrameException when it is not an undamaged frame of a step plan
     */
    public static StepPlan decode(DirectBuffer buffer, int offset, int length) {
        FrameHeader header = FrameReader.require(FrameType.STEP_PLAN, buffer, offset, length);
        PayloadReader in = new PayloadReader(buffer, offset + FrameHeader.LENGTH, offset + length);
        StepPlan plan = PlanCodec.read(header.epoch(), header.step(), in);
        in.requireEnd();
        return plan;
    }
}
