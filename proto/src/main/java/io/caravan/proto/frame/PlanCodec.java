package io.caravan.proto.frame;

import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.SequenceSlice.Choice;
import io.caravan.proto.step.StepPlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A step plan's slices as bytes; epoch and step are in the frame's header. */
final class PlanCodec {
    private static final int CHOICE_FLAG = 1;
    private static final int LOGITS_FLAG = 2;

    /** Least bytes of a slice: id, count of the prompt, start, one token with its count, count of blocks, flags. */
    private static final int SLICE_BYTES = 8 + 4 + 4 + 4 + 4 + 4 + 4;

    private static final int BIAS_BYTES = 4 + 4;

    private PlanCodec() {}

    static void write(StepPlan plan, PayloadWriter out) {
        List<SequenceSlice> slices = plan.slices();
        out.int32(slices.size());
        for (int i = 0; i < slices.size(); i++) {
            writeSlice(slices.get(i), out);
        }
    }

    private static void writeSlice(SequenceSlice slice, PayloadWriter out) {
        out.int64(slice.sequenceId());
        out.int32(slice.promptCount());
        out.int32(slice.startPosition());
        out.ids(slice.tokens());
        out.ids(slice.blocks());
        if (slice.choice().isEmpty()) {
            out.int32(0);
        } else {
            writeChoice(slice.choice().getFirst(), out);
        }
    }

    private static void writeChoice(Choice choice, PayloadWriter out) {
        out.int32(CHOICE_FLAG | (choice.logits() ? LOGITS_FLAG : 0));
        out.int32(choice.draftCount());
        Sampling sampling = choice.sampling();
        out.float32(sampling.temperature());
        out.int32(sampling.topK());
        out.float32(sampling.topP());
        out.float32(sampling.minP());
        out.float32(sampling.repetitionPenalty());
        out.float32(sampling.presencePenalty());
        out.float32(sampling.frequencyPenalty());
        out.int64(sampling.seed());
        out.int32(sampling.topLogprobs());
        out.int32(sampling.logitBias().size());
        sampling.logitBias().forEach((token, bias) -> {
            out.int32(token);
            out.float32(bias);
        });
        out.int32(choice.historyPromptCount());
        out.ids(choice.history());
    }

    static StepPlan read(long epoch, long step, PayloadReader in) {
        int count = in.count("slices", SLICE_BYTES);
        List<SequenceSlice> slices = new ArrayList<>(count);
        try {
            for (int i = 0; i < count; i++) {
                slices.add(readSlice(in));
            }
            return new StepPlan(epoch, step, slices);
        } catch (IllegalArgumentException e) {
            throw new FrameException("step plan " + epoch + "/" + step + ": " + e.getMessage(), e);
        }
    }

    private static SequenceSlice readSlice(PayloadReader in) {
        long sequenceId = in.int64();
        int promptCount = in.index("prompt count");
        int startPosition = in.index("start position");
        TokenIds tokens = in.ids("tokens");
        if (startPosition > Integer.MAX_VALUE - tokens.size()) {
            throw new FrameException("position " + startPosition + " is too far for " + tokens.size() + " tokens");
        }
        TokenIds blocks = in.ids("blocks");
        int flags = in.int32();
        return switch (flags) {
            case 0 -> new SequenceSlice(sequenceId, promptCount, startPosition, tokens, blocks, List.of());
            case CHOICE_FLAG, CHOICE_FLAG | LOGITS_FLAG ->
                new SequenceSlice(
                        sequenceId,
                        promptCount,
                        startPosition,
                        tokens,
                        blocks,
                        List.of(readChoice((flags & LOGITS_FLAG) != 0, in)));
            default -> throw new FrameException("unknown flags of a slice: " + flags);
        };
    }

    private static Choice readChoice(boolean logits, PayloadReader in) {
        int draftCount = in.index("drafted tokens");
        Sampling sampling = new Sampling(
                in.float32(),
                in.int32(),
                in.float32(),
                in.float32(),
                in.float32(),
                in.float32(),
                in.float32(),
                in.int64(),
                in.int32(),
                readBias(in));
        int historyPromptCount = in.index("prompt count");
        TokenIds history = in.ids("history");
        if (historyPromptCount > history.size()) {
            throw new FrameException(
                    historyPromptCount + " prompt tokens in a history of " + history.size() + " tokens");
        }
        return new Choice(sampling, history, historyPromptCount, logits, draftCount);
    }

    private static Map<Integer, Float> readBias(PayloadReader in) {
        int count = in.count("biases", BIAS_BYTES);
        if (count == 0) {
            return Map.of();
        }
        Map<Integer, Float> bias = HashMap.newHashMap(count);
        for (int i = 0; i < count; i++) {
            int token = in.index("biased token");
            if (bias.put(token, in.float32()) != null) {
                throw new FrameException("token " + token + " is biased twice");
            }
        }
        return bias;
    }
}
