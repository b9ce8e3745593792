package io.caravan.worker.stage;

import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The hidden states of a frame, for its whole plan where they lie, and for a part of its sequences as a copy.
 *
 * @param plan the frame's
 * @param frame holds its hidden states from {@code offset} on
 */
record FrameStates(StepPlan plan, DirectBuffer frame, int offset, int rowBytes) {

    /** Where the rows of {@code part} stand, one behind the other from {@link #offset(StepPlan)} on. */
    DirectBuffer of(StepPlan part) {
        return part == plan ? frame : copy(part);
    }

    int offset(StepPlan part) {
        return part == plan ? offset : 0;
    }

    private DirectBuffer copy(StepPlan part) {
        var rows = new UnsafeBuffer(new byte[part.rowCount() * rowBytes]);
        int from = offset;
        int to = 0;
        for (SequenceSlice slice : plan.slices()) {
            int bytes = slice.tokens().size() * rowBytes;
            if (part.slices().contains(slice)) {
                rows.putBytes(to, frame, from, bytes);
                to += bytes;
            }
            from += bytes;
        }
        return rows;
    }
}
