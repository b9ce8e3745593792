package io.caravan.worker.transport.aeron;

import io.aeron.Subscription;
import io.aeron.logbuffer.ControlledFragmentHandler;
import io.aeron.logbuffer.Header;
import io.caravan.proto.frame.FrameAssembler;
import io.caravan.proto.link.FrameHandler;
import org.agrona.DirectBuffer;
import org.agrona.collections.Int2ObjectHashMap;

/** One subscription of an inbox, with what it has of each sender's frame. */
final class InboxLane implements ControlledFragmentHandler {
    /** Chunks taken in one poll: enough to keep up, few enough to return to other work soon. */
    private static final int MAX_CHUNKS = 64;

    /** Senders whose frames are put together at a time; a pipeline needs one, and a second while one is replaced. */
    private static final int MAX_SENDERS = 64;

    private final Subscription subscription;
    private final int maxFrameBytes;
    private final Int2ObjectHashMap<FrameAssembler> assemblers = new Int2ObjectHashMap<>();
    private FrameHandler handler = (buffer, offset, length) -> {};
    private boolean handedOver;
    private Throwable failure;
    private long rejectedCount;

    InboxLane(Subscription subscription, int maxFrameBytes) {
        this.subscription = subscription;
        this.maxFrameBytes = maxFrameBytes;
    }

    /** Takes chunks until a frame is whole and was handed over, or there are no more. */
    int poll(FrameHandler frameHandler) {
        handler = frameHandler;
        handedOver = false;
        failure = null;
        int work = subscription.controlledPoll(this, MAX_CHUNKS);
        if (assemblers.size() > subscription.imageCount()) {
            forgetSendersThatLeft();
        }
        return switch (failure) {
            case null -> work;
            case RuntimeException e -> throw e;
            case Throwable e -> throw (Error) e;
        };
    }

    /** Whether the last poll handed over a frame. */
    boolean handedOver() {
        return handedOver;
    }

    /** Whether anyone sends on it. */
    boolean hasSenders() {
        return subscription.imageCount() > 0;
    }

    @Override
    public Action onFragment(DirectBuffer buffer, int offset, int length, Header header) {
        FrameAssembler assembler = assemblers.get(header.sessionId());
        if (assembler == null) {
            if (assemblers.size() == MAX_SENDERS) {
                rejectedCount++;
                return Action.CONTINUE;
            }
            assembler = new FrameAssembler(maxFrameBytes);
            assemblers.put(header.sessionId(), assembler);
        }
        try {
            handedOver = assembler.onChunk(buffer, offset, length, handler);
        } catch (RuntimeException | Error e) {
            // Aeron would give it to its error handler: it belongs to the one who polls
            failure = e;
            handedOver = true;
        }
        return handedOver ? Action.BREAK : Action.CONTINUE;
    }

    private void forgetSendersThatLeft() {
        assemblers.entrySet().removeIf(sender -> {
            boolean left = subscription.imageBySessionId(sender.getKey()) == null;
            if (left) {
                rejectedCount += sender.getValue().leave();
            }
            return left;
        });
    }

    /** Frames dropped so far. */
    long rejectedCount() {
        long count = rejectedCount;
        for (FrameAssembler assembler : assemblers.values()) {
            count += assembler.rejectedCount();
        }
        return count;
    }

    void close() {
        subscription.close();
    }
}
