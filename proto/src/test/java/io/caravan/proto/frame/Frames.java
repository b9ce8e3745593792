package io.caravan.proto.frame;

import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.SequenceSlice.Choice;
import io.caravan.proto.step.StageTiming;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.util.List;
import java.util.Map;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Frames with something in every field. */
final class Frames {
    static final long SENT_AT_NS = 1_700_000_000_123_456_789L;

    static final Sampling SAMPLING =
            new Sampling(0.7f, 40, 0.95f, 0.05f, 1.1f, 0.5f, -0.25f, Long.MIN_VALUE + 3, 5, Map.of(7, -100f, 9, 2.5f));

    static final StepPlan PLAN = new StepPlan(
            3,
            17,
            List.of(
                    new SequenceSlice(Long.MAX_VALUE, 0, TokenIds.of(1, 2, 3), TokenIds.of(8), List.of()),
                    new SequenceSlice(
                            -5,
                            29,
                            31,
                            TokenIds.of(4),
                            TokenIds.of(5, 6, 7),
                            List.of(new Choice(SAMPLING, TokenIds.of(1, 2, 3, 4), 2, true))),
                    new SequenceSlice(
                            6,
                            100,
                            TokenIds.of(31999, 2, 9),
                            TokenIds.of(0, 1),
                            List.of(new Choice(Sampling.GREEDY, TokenIds.EMPTY, 0, false, 2)))));

    static final List<StageTiming> TIMINGS =
            List.of(new StageTiming(0, 1_000, 2_000, 3_000), new StageTiming(1, -4, 5, Long.MAX_VALUE));

    static final List<SequenceFault> FAULTS = List.of(
            new SequenceFault(-9, "token 32000 is not in the vocabulary of 32000: 🦙"), new SequenceFault(6, ""));

    static final StepResult RESULT = new StepResult(
            3,
            17,
            List.of(
                    new StepResult.Chosen(
                            -5,
                            new TokenChoice(
                                    32, 77, -0.5f, TokenIds.of(77, 78), new float[] {-0.5f, -1.5f}, new float[] {
                                        0.1f, Float.NEGATIVE_INFINITY, 3f
                                    })),
                    new StepResult.Chosen(6, TokenChoice.plain(101, 2)),
                    new StepResult.Chosen(6, TokenChoice.plain(102, 8))),
            FAULTS,
            TIMINGS);

    private Frames() {}

    static byte[] planFrame() {
        ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
        return bytes(buffer, StepPlanFrame.encode(PLAN, SENT_AT_NS, buffer));
    }

    static byte[] activationFrame() {
        ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
        UnsafeBuffer hidden = hidden();
        int hiddenAt = ActivationFrame.begin(PLAN, TIMINGS, FAULTS, TensorType.BF16, hidden.capacity(), buffer);
        buffer.putBytes(hiddenAt, hidden, 0, hidden.capacity());
        return bytes(buffer, ActivationFrame.end(PLAN, hiddenAt + hidden.capacity(), SENT_AT_NS, buffer));
    }

    static byte[] resultFrame() {
        ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
        return bytes(buffer, StepResultFrame.encode(RESULT, SENT_AT_NS, buffer));
    }

    /** BF16 [7 rows, 8]. */
    static UnsafeBuffer hidden() {
        UnsafeBuffer hidden = new UnsafeBuffer(new byte[7 * 8 * Short.BYTES]);
        for (int i = 0; i < hidden.capacity(); i++) {
            hidden.putByte(i, (byte) i);
        }
        return hidden;
    }

    /** A step plan's frame of about {@code tokenCount * 4} bytes. */
    static byte[] longFrame(int tokenCount) {
        StepPlan plan = new StepPlan(
                1, 1, List.of(new SequenceSlice(1, 0, TokenIds.of(new int[tokenCount]), TokenIds.of(0), List.of())));
        ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
        return bytes(buffer, StepPlanFrame.encode(plan, SENT_AT_NS, buffer));
    }

    private static byte[] bytes(ExpandableArrayBuffer buffer, int length) {
        byte[] bytes = new byte[length];
        buffer.getBytes(0, bytes);
        return bytes;
    }
}
