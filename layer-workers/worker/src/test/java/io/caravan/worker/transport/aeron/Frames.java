package io.caravan.worker.transport.aeron;

import io.caravan.proto.frame.StepPlanFrame;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import java.util.List;
import java.util.stream.IntStream;
import org.agrona.ExpandableDirectByteBuffer;
import org.agrona.MutableDirectBuffer;

/** Frames of any length that can be told apart. */
final class Frames {
    private Frames() {}

    /** A step plan's frame; {@code length} is its own. */
    record Frame(MutableDirectBuffer buffer, int length) {}

    static Frame of(long step, int tokenCount) {
        ExpandableDirectByteBuffer buffer = new ExpandableDirectByteBuffer(256 + tokenCount * Integer.BYTES);
        return new Frame(buffer, StepPlanFrame.encode(plan(step, tokenCount), 1, buffer));
    }

    static StepPlan plan(long step, int tokenCount) {
        TokenIds tokens = TokenIds.of(
                IntStream.range(0, tokenCount).map(i -> i ^ (int) step).toArray());
        return new StepPlan(1, step, List.of(new SequenceSlice(1, 0, tokens, TokenIds.of(0), List.of())));
    }
}
