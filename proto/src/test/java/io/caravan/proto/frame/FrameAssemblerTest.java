package io.caravan.proto.frame;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class FrameAssemblerTest {
    private static final int CHUNK_BYTES = 1_000;

    private final List<byte[]> frames = new ArrayList<>();
    private final FrameAssembler assembler = new FrameAssembler(1 << 20);

    @Test
    void shouldPutAFrameTogether() {
        byte[] frame = Frames.longFrame(50_000);
        chunks(1, frame).forEach(this::take);

        assertThat(frames).containsExactly(frame);
        assertThat(assembler.rejectedCount()).isZero();
    }

    @Test
    void shouldPassAFrameOfOneChunkOnAsItIs() {
        byte[] frame = Frames.longFrame(3);
        chunks(1, frame).forEach(this::take);

        assertThat(frames).containsExactly(frame);
    }

    @Test
    void shouldDropAFrameThatWasGivenUpAndTakeTheNext() {
        byte[] frame = Frames.longFrame(2_000);
        chunks(1, frame).subList(0, 3).forEach(this::take);
        chunks(2, frame).forEach(this::take);

        assertThat(frames).containsExactly(frame);
        assertThat(assembler.rejectedCount()).isEqualTo(1);
    }

    @Test
    void shouldDropAFrameWithAMissingChunk() {
        byte[] frame = Frames.longFrame(2_000);
        List<byte[]> chunks = new ArrayList<>(chunks(1, frame));
        chunks.remove(2);
        chunks.forEach(this::take);

        assertThat(frames).isEmpty();
        assertThat(assembler.rejectedCount()).isEqualTo(1);
    }

    @Test
    void shouldDropAFrameWhoseStartWasMissed() {
        byte[] frame = Frames.longFrame(2_000);
        chunks(1, frame).subList(3, 8).forEach(this::take);
        chunks(2, frame).forEach(this::take);

        assertThat(frames).containsExactly(frame);
        assertThat(assembler.rejectedCount()).isEqualTo(1);
    }

    @Test
    void shouldDropAFrameWithADamagedByteInAnyChunk() {
        byte[] frame = Frames.longFrame(700);
        int chunkCount = chunks(1, frame).size();
        Random random = new Random(5);
        for (int damaged = 0; damaged < chunkCount; damaged++) {
            for (int round = 0; round < 50; round++) {
                List<byte[]> chunks = chunks(round, frame);
                byte[] chunk = chunks.get(damaged);
                chunk[random.nextInt(chunk.length)] ^= (byte) (1 << random.nextInt(8));
                long before = assembler.rejectedCount();
                chunks.forEach(this::take);
                assertThat(frames).isEmpty();
                assertThat(assembler.rejectedCount()).isGreaterThan(before);
            }
        }
        chunks(99, frame).forEach(this::take);
        assertThat(frames).containsExactly(frame);
    }

    @Test
    void shouldRefuseAFrameLongerThanItsLimit() {
        byte[] frame = Frames.longFrame(300_000);
        chunks(1, frame).forEach(this::take);

        assertThat(frames).isEmpty();
        assertThat(assembler.rejectedCount()).isEqualTo(1);
    }

    @Test
    void shouldSurviveNoise() {
        Random random = new Random(11);
        for (int round = 0; round < 2_000; round++) {
            byte[] noise = new byte[random.nextInt(200)];
            random.nextBytes(noise);
            take(noise);
        }
        assertThat(frames).isEmpty();
        assertThat(assembler.rejectedCount()).isEqualTo(2_000);
    }

    private static List<byte[]> chunks(long frameNumber, byte[] frame) {
        List<byte[]> chunks = new ArrayList<>();
        for (int offset = 0; offset < frame.length; offset += CHUNK_BYTES) {
            int length = Math.min(CHUNK_BYTES, frame.length - offset);
            UnsafeBuffer chunk = new UnsafeBuffer(new byte[ChunkHeader.LENGTH + length]);
            ChunkHeader.write(chunk, 0, frameNumber, frame.length, offset, length);
            chunk.putBytes(ChunkHeader.LENGTH, frame, offset, length);
            chunks.add(chunk.byteArray());
        }
        return chunks;
    }

    private void take(byte[] chunk) {
        assembler.onChunk(new UnsafeBuffer(chunk), 0, chunk.length, this::keep);
    }

    private void keep(DirectBuffer buffer, int offset, int length) {
        byte[] frame = new byte[length];
        buffer.getBytes(offset, frame);
        frames.add(frame);
    }
}
