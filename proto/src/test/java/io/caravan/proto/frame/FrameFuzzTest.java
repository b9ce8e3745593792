package io.caravan.proto.frame;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Frames whose checksums are right and whose contents are not, as a faulty or hostile sender would make them. */
class FrameFuzzTest {
    private static final long SEED = 20_260_101;
    private static final int ROUNDS = 20_000;

    /** What decoding may take: room for classes that load on the way, far less than a count of millions would ask for. */
    private static final long ALLOWED_BYTES = 1 << 21;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private record Kind(byte[] frame, Consumer<byte[]> decode) {}

    private static final List<Kind> KINDS = List.of(
            new Kind(Frames.planFrame(), bytes -> StepPlanFrame.decode(new UnsafeBuffer(bytes), 0, bytes.length)),
            new Kind(
                    Frames.activationFrame(),
                    bytes -> new ActivationFrame().wrap(new UnsafeBuffer(bytes), 0, bytes.length)),
            new Kind(Frames.resultFrame(), bytes -> StepResultFrame.decode(new UnsafeBuffer(bytes), 0, bytes.length)));

    @Test
    void shouldAnswerDamageWithAFrameExceptionAndLittleMemory() {
        Random random = new Random(SEED);
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Kind kind = KINDS.get(round % KINDS.size());
            byte[] bytes = mutated(kind.frame(), random);
            long before = THREADS.getCurrentThreadAllocatedBytes();
            try {
                kind.decode().accept(bytes);
            } catch (FrameException e) {
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + SEED + ", round " + round + ": " + e, e);
            }
            long taken = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertThat(taken)
                    .as("bytes allocated, seed %d, round %d", SEED, round)
                    .isLessThan(ALLOWED_BYTES);
        }
        assertThat(refused).isBetween(ROUNDS / 10, ROUNDS - 1);
    }

    private static byte[] mutated(byte[] frame, Random random) {
        byte[] bytes = frame.clone();
        UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        int payload = bytes.length - FrameHeader.LENGTH;
        switch (random.nextInt(5)) {
            case 0 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            case 1 -> buffer.putInt(FrameHeader.LENGTH + random.nextInt(payload / 4) * 4, extreme(random));
            case 2 -> buffer.putInt(FrameHeader.LENGTH + random.nextInt(payload - 4), random.nextInt());
            case 3 -> bytes = Arrays.copyOf(bytes, FrameHeader.LENGTH + random.nextInt(payload));
            default -> {
                for (int i = 0; i < 8; i++) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
            }
        }
        if (random.nextInt(10) > 0) {
            repairHeader(bytes);
        }
        return bytes;
    }

    private static int extreme(Random random) {
        int[] extremes = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 28, 0, 1, 2, 4, 5, 64};
        return extremes[random.nextInt(extremes.length)];
    }

    /** Makes the header right for the payload, so that the contents are read. */
    private static void repairHeader(byte[] bytes) {
        UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        int code = bytes[6];
        FrameType type = code >= 1 && code <= 3 ? FrameType.of((byte) code) : FrameType.STEP_PLAN;
        FrameHeader header = new FrameHeader().wrap(buffer, 0);
        FrameHeader.write(buffer, 0, type, header.epoch(), header.step(), bytes.length - FrameHeader.LENGTH, 1);
    }
}
