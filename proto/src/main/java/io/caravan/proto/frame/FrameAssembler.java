package io.caravan.proto.frame;

import io.caravan.proto.link.FrameHandler;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Puts one sender's chunks together again. Used by one thread.
 *
 * <p>Chunks of a frame come in order, for the transport keeps it; what does not continue the frame at hand means that a part
 * was lost or the frame given up, and drops it. Memory is taken as bytes arrive, never because a header announces them.
 */
public final class FrameAssembler {
    private static final int FIRST_CAPACITY = 1 << 16;

    /** What the next chunk may be. */
    private enum State {
        /** The start of a frame. */
        IDLE,
        /** The continuation of the frame at hand. */
        ASSEMBLING,
        /** Any, but continuations belong to a frame that is dropped already. */
        SKIPPING
    }

    private final int maxFrameBytes;
    private final ChunkHeader chunk = new ChunkHeader();
    private final UnsafeBuffer bytes = new UnsafeBuffer(new byte[0]);
    private State state = State.IDLE;
    private long frameNumber;
    private int frameLength;
    private int arrivedBytes;
    private long rejectedCount;

    /** @param maxFrameBytes longest frame that is taken */
    public FrameAssembler(int maxFrameBytes) {
        this.maxFrameBytes = maxFrameBytes;
    }

    /**
     * Takes one chunk, and hands over the frame that it completes if that is undamaged.
     *
     * @return whether {@code handler} was called
     */
    public boolean onChunk(DirectBuffer buffer, int offset, int length, FrameHandler handler) {
        try {
            chunk.wrap(buffer, offset, length);
        } catch (FrameException e) {
            reject();
            return false;
        }
        if (chunk.chunkOffset() > 0) {
            return continues() && append(buffer, handler);
        }
        if (state == State.ASSEMBLING) {
            reject();
        }
        if (chunk.frameLength() > maxFrameBytes) {
            reject();
            return false;
        }
        if (chunk.chunkLength() == chunk.frameLength()) {
            state = State.IDLE;
            return deliver(buffer, chunk.dataOffset(), chunk.frameLength(), handler);
        }
        state = State.ASSEMBLING;
        frameNumber = chunk.frameNumber();
        frameLength = chunk.frameLength();
        arrivedBytes = 0;
        return append(buffer, handler);
    }

    private boolean continues() {
        if (state == State.SKIPPING) {
            return false;
        }
        boolean continues = state == State.ASSEMBLING
                && chunk.frameNumber() == frameNumber
                && chunk.frameLength() == frameLength
                && chunk.chunkOffset() == arrivedBytes;
        if (!continues) {
            reject();
        }
        return continues;
    }

    private boolean append(DirectBuffer buffer, FrameHandler handler) {
        ensureCapacity(arrivedBytes + chunk.chunkLength());
        bytes.putBytes(arrivedBytes, buffer, chunk.dataOffset(), chunk.chunkLength());
        arrivedBytes += chunk.chunkLength();
        if (arrivedBytes < frameLength) {
            return false;
        }
        state = State.IDLE;
        return deliver(bytes, 0, frameLength, handler);
    }

    private boolean deliver(DirectBuffer buffer, int offset, int length, FrameHandler handler) {
        try {
            FrameReader.peek(buffer, offset, length);
        } catch (FrameException e) {
            rejectedCount++;
            return false;
        }
        handler.onFrame(buffer, offset, length);
        return true;
    }

    private void ensureCapacity(int needed) {
        if (needed > bytes.capacity()) {
            long doubled = Math.max(FIRST_CAPACITY, Math.max(needed, 2L * bytes.capacity()));
            byte[] larger = new byte[(int) Math.min(doubled, frameLength)];
            bytes.getBytes(0, larger, 0, arrivedBytes);
            bytes.wrap(larger);
        }
    }

    private void reject() {
        rejectedCount++;
        state = State.SKIPPING;
    }

    /** The sender left: a frame that is not whole is dropped. Answers {@link #rejectedCount()}. */
    public long leave() {
        if (state == State.ASSEMBLING) {
            reject();
        }
        return rejectedCount;
    }

    /** Frames dropped so far; one that is damaged in several places may count more than once. */
    public long rejectedCount() {
        return rejectedCount;
    }
}
