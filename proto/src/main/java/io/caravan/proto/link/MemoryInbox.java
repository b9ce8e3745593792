package io.caravan.proto.link;

import io.caravan.proto.frame.FrameException;
import io.caravan.proto.frame.FrameReader;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** The receiving end of {@link MemoryLinks}. */
final class MemoryInbox implements StageInbox {
    private final LinkEndpoint endpoint;
    private final BlockingQueue<byte[]> frames;
    private final Runnable onClose;
    private final Doorbell bell = new ThreadBell();
    private final AtomicInteger toDrop = new AtomicInteger();
    private final AtomicInteger toDamage = new AtomicInteger();
    private final AtomicLong rejected = new AtomicLong();
    private volatile boolean held;

    MemoryInbox(LinkEndpoint endpoint, int queueFrames, Runnable onClose) {
        this.endpoint = endpoint;
        this.frames = new ArrayBlockingQueue<>(queueFrames);
        this.onClose = onClose;
    }

    StageLink.Sent offer(DirectBuffer frame, int offset, int length) {
        if (frames.remainingCapacity() == 0) {
            return StageLink.Sent.BACK_PRESSURED;
        }
        if (takeOne(toDrop)) {
            return StageLink.Sent.DONE;
        }
        byte[] bytes = new byte[length];
        frame.getBytes(offset, bytes);
        if (length > 0 && takeOne(toDamage)) {
            bytes[length / 2] ^= 1;
        }
        return frames.offer(bytes) ? StageLink.Sent.DONE : StageLink.Sent.BACK_PRESSURED;
    }

    private static boolean takeOne(AtomicInteger count) {
        return count.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
    }

    @Override
    public int poll(FrameHandler handler) {
        byte[] bytes = held ? null : frames.poll();
        if (bytes == null) {
            return 0;
        }
        UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        try {
            FrameReader.peek(buffer, 0, bytes.length);
        } catch (FrameException e) {
            rejected.incrementAndGet();
            return 1;
        }
        handler.onFrame(buffer, 0, bytes.length);
        return 1;
    }

    void dropNext(int count) {
        toDrop.addAndGet(count);
    }

    void damageNext(int count) {
        toDamage.addAndGet(count);
    }

    void hold(boolean hold) {
        held = hold;
    }

    @Override
    public Doorbell bell() {
        return bell;
    }

    /** Senders do not ring: tests order when what arrives. */
    @Override
    public boolean rings() {
        return false;
    }

    @Override
    public LinkEndpoint endpoint() {
        return endpoint;
    }

    @Override
    public long rejectedCount() {
        return rejected.get();
    }

    @Override
    public void close() {
        onClose.run();
        frames.clear();
    }
}
