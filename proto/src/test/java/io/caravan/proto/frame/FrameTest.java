package io.caravan.proto.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.model.TensorType;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.StepPlan;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.agrona.ExpandableDirectByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameTest {
    @Test
    void shouldBringAStepPlanBackWithEveryField() {
        byte[] frame = Frames.planFrame();
        assertThat(StepPlanFrame.decode(new UnsafeBuffer(frame), 0, frame.length))
                .isEqualTo(Frames.PLAN);
    }

    @Test
    void shouldBringAStepResultBackWithEveryField() {
        byte[] frame = Frames.resultFrame();
        assertThat(StepResultFrame.decode(new UnsafeBuffer(frame), 0, frame.length))
                .isEqualTo(Frames.RESULT);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 32, 64, 100})
    void shouldBringAnActivationBackWhereverItLies(int offset) {
        byte[] frame = Frames.activationFrame();
        UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(offset + frame.length + 5));
        buffer.putBytes(offset, frame);

        ActivationFrame activation = new ActivationFrame().wrap(buffer, offset, frame.length);

        assertThat(activation.plan()).isEqualTo(Frames.PLAN);
        assertThat(activation.timings()).isEqualTo(Frames.TIMINGS);
        assertThat(activation.faults()).isEqualTo(Frames.FAULTS);
        assertThat(activation.sentAtNs()).isEqualTo(Frames.SENT_AT_NS);
        assertThat(activation.hiddenType()).isEqualTo(TensorType.BF16);
        assertThat((activation.hiddenOffset() - offset) % 64).isZero();
        UnsafeBuffer hidden = new UnsafeBuffer(buffer, activation.hiddenOffset(), activation.hiddenBytes());
        assertThat(hidden.compareTo(Frames.hidden())).isZero();
    }

    @Test
    void shouldBringAnActivationBackOfWhichEverySequenceFailed() {
        StepPlan rest = Frames.PLAN.without(Frames.PLAN.slices().stream()
                .map(slice -> new SequenceFault(slice.sequenceId(), "damaged"))
                .toList());
        var buffer = new ExpandableDirectByteBuffer();
        int hiddenAt = ActivationFrame.begin(rest, Frames.TIMINGS, Frames.FAULTS, TensorType.F32, 0, buffer);
        int length = ActivationFrame.end(rest, hiddenAt, Frames.SENT_AT_NS, buffer);

        ActivationFrame activation = new ActivationFrame().wrap(buffer, 0, length);

        assertThat(activation.plan().slices()).isEmpty();
        assertThat(activation.hiddenBytes()).isZero();
        assertThat(activation.faults()).isEqualTo(Frames.FAULTS);
    }

    @Test
    void shouldTellTheHeaderWithoutReadingThePayload() {
        byte[] frame = Frames.activationFrame();
        FrameHeader header = FrameReader.peek(new UnsafeBuffer(frame), 0, frame.length);

        assertThat(header.type()).isEqualTo(FrameType.ACTIVATION);
        assertThat(header.epoch()).isEqualTo(3);
        assertThat(header.step()).isEqualTo(17);
        assertThat(header.sentAtNs()).isEqualTo(Frames.SENT_AT_NS);
        assertThat(header.payloadLength()).isEqualTo(frame.length - FrameHeader.LENGTH);
    }

    @Test
    void shouldEncodeIntoAGrowingBufferAgainAndAgain() {
        ExpandableDirectByteBuffer buffer = new ExpandableDirectByteBuffer(16);
        int first = StepPlanFrame.encode(Frames.PLAN, 1, buffer);
        int again = StepPlanFrame.encode(Frames.PLAN, 1, buffer);

        StepPlan plan = StepPlanFrame.decode(buffer, 0, again);
        assertThat(again).isEqualTo(first);
        assertThat(plan).isEqualTo(Frames.PLAN);
    }

    @Test
    void shouldComputeTheSameChecksumOverEachKindOfBuffer() {
        byte[] bytes = new byte[10_000];
        Arrays.fill(bytes, (byte) 0x5a);
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes);
        UnsafeBuffer ofAddress = new UnsafeBuffer();
        ofAddress.wrap(new UnsafeBuffer(direct).addressOffset(), bytes.length);

        int expected = Checksum.of(new UnsafeBuffer(bytes), 3, 9_000);
        assertThat(Checksum.of(new UnsafeBuffer(bytes, 1, 9_500), 2, 9_000)).isEqualTo(expected);
        assertThat(Checksum.of(new UnsafeBuffer(direct, 1, 9_500), 2, 9_000)).isEqualTo(expected);
        assertThat(Checksum.of(ofAddress, 3, 9_000)).isEqualTo(expected);
    }

    @Test
    void shouldComputeCrc32c() {
        byte[] known = "123456789".getBytes(StandardCharsets.US_ASCII);
        assertThat(Checksum.of(new UnsafeBuffer(known), 0, known.length)).isEqualTo(0xe3069283);
    }

    @Test
    void shouldRefuseATruncatedFrame() {
        byte[] frame = Frames.planFrame();
        assertThatThrownBy(() -> StepPlanFrame.decode(new UnsafeBuffer(frame), 0, frame.length - 1))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("bytes of payload");
        assertThatThrownBy(() -> FrameReader.peek(new UnsafeBuffer(frame), 0, 63))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("at least 64 bytes");
        assertThatThrownBy(() -> FrameReader.peek(new UnsafeBuffer(frame), 0, frame.length + 1))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("does not fit");
    }

    @Test
    void shouldRefuseAnotherVersionByItsNumber() {
        byte[] frame = Frames.planFrame();
        frame[4] = 9;
        assertThatThrownBy(() -> FrameReader.peek(new UnsafeBuffer(frame), 0, frame.length))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("version 9");
    }

    @Test
    void shouldRefuseAFrameOfAnotherType() {
        byte[] frame = Frames.resultFrame();
        assertThatThrownBy(() -> StepPlanFrame.decode(new UnsafeBuffer(frame), 0, frame.length))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("STEP_PLAN, not STEP_RESULT");
    }

    @Test
    void shouldRefuseHiddenStatesThatAreNotWholeRows() {
        assertThatThrownBy(() -> ActivationFrame.begin(
                        Frames.PLAN,
                        Frames.TIMINGS,
                        List.of(),
                        TensorType.F32,
                        7 * 2,
                        new ExpandableDirectByteBuffer()))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("7 rows of F32");
    }

    @Test
    void shouldRefuseHiddenStatesOfAnUnknownType() {
        byte[] frame = Frames.activationFrame();
        UnsafeBuffer buffer = new UnsafeBuffer(frame);
        buffer.putInt(FrameHeader.LENGTH + 8, 3, ByteOrder.LITTLE_ENDIAN);
        ActivationFrame.end(Frames.PLAN, frame.length, 1, buffer);

        assertThatThrownBy(() -> new ActivationFrame().wrap(buffer, 0, frame.length))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("unknown type, 3");
    }

    @Test
    void shouldNoticeEveryFlippedBit() {
        byte[] frame = Frames.planFrame();
        UnsafeBuffer buffer = new UnsafeBuffer(frame);
        for (int bit = 0; bit < frame.length * Byte.SIZE; bit++) {
            frame[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            assertThatThrownBy(() -> StepPlanFrame.decode(buffer, 0, frame.length))
                    .isInstanceOf(FrameException.class);
            frame[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
        }
    }
}
