package io.caravan.proto.frame;

import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.StageTiming;
import io.caravan.proto.step.StepResult;
import io.caravan.proto.step.StepResult.Chosen;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** A {@link StepResult} on its way from the last stage to the scheduler. */
public final class StepResultFrame {
    /** Least bytes of a chosen token: sequence, position, token, log-probability, three counts. */
    private static final int CHOSEN_BYTES = 8 + 4 + 4 + 4 + 3 * 4;

    private StepResultFrame() {}

    /**
     * Writes a frame from the start of {@code buffer} on, which must be long enough or grow by itself.
     *
     * @param sentAtNs the clock now, in nanoseconds since 1970
     * @return the frame's length
     */
    public static int encode(StepResult result, long sentAtNs, MutableDirectBuffer buffer) {
        PayloadWriter out = new PayloadWriter(buffer, FrameHeader.LENGTH);
        TimingCodec.write(result.timings(), out);
        FaultCodec.write(result.faults(), out);
        List<Chosen> tokens = result.tokens();
        out.int32(tokens.size());
        for (int i = 0; i < tokens.size(); i++) {
            Chosen chosen = tokens.get(i);
            out.int64(chosen.sequenceId());
            out.int32(chosen.choice().position());
            out.int32(chosen.choice().token());
            out.float32(chosen.choice().logprob());
            out.ids(chosen.choice().alternatives());
            out.floats(chosen.choice().alternativeLogprobs());
            out.floats(chosen.choice().logits());
        }
        return FrameHeader.write(
                buffer,
                0,
                FrameType.STEP_RESULT,
                result.epoch(),
                result.step(),
                out.position() - FrameHeader.LENGTH,
                sentAtNs);
    }

    /**
     * The result of the frame that fills {@code length} bytes.
     *
     * @throws FrameException when it is not an undamaged frame of a step result
     */
    public static StepResult decode(DirectBuffer buffer, int offset, int length) {
        FrameHeader header = FrameReader.require(FrameType.STEP_RESULT, buffer, offset, length);
        PayloadReader in = new PayloadReader(buffer, offset + FrameHeader.LENGTH, offset + length);
        List<StageTiming> timings = TimingCodec.read(in);
        List<SequenceFault> faults = FaultCodec.read(in);
        int count = in.count("chosen tokens", CHOSEN_BYTES);
        List<Chosen> tokens = new ArrayList<>(count);
        try {
            for (int i = 0; i < count; i++) {
                tokens.add(readChosen(in));
            }
        } catch (IllegalArgumentException e) {
            throw new FrameException("step result " + header.epoch() + "/" + header.step() + ": " + e.getMessage(), e);
        }
        in.requireEnd();
        return new StepResult(header.epoch(), header.step(), tokens, faults, timings);
    }

    private static Chosen readChosen(PayloadReader in) {
        long sequenceId = in.int64();
        TokenChoice choice = new TokenChoice(
                in.index("position"),
                in.index("token"),
                in.float32(),
                in.ids("alternatives"),
                in.floats("log-probabilities"),
                in.floats("logits"));
        return new Chosen(sequenceId, choice);
    }
}
