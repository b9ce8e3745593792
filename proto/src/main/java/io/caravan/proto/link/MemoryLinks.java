package io.caravan.proto.link;

import io.caravan.proto.link.StageLink.Sent;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.DirectBuffer;

/**
 * Links within one process, for tests of whatever speaks through the port: bounded queues, and faults to order.
 *
 * <p>Every participant of a test shares one instance. Faults are named by the inbox they befall: {@link #drop} and {@link
 * #damage} hit the next frames sent to it, {@link #hold} keeps frames on their way until {@link #release}, and {@link
 * #kill} is what its process's death looks like from outside. Nothing happens by the clock.
 */
public final class MemoryLinks implements StageLinks {
    /** Frames that an inbox holds before its senders are told to wait, unless said otherwise. */
    public static final int DEFAULT_QUEUE_FRAMES = 64;

    private static final String HOST = "memory";

    private final int queueFrames;
    private final AtomicInteger nextStreamId = new AtomicInteger(1);
    private final Map<LinkEndpoint, MemoryInbox> inboxes = new ConcurrentHashMap<>();
    private volatile boolean closed;

    public MemoryLinks() {
        this(DEFAULT_QUEUE_FRAMES);
    }

    /** @param queueFrames frames that an inbox holds before its senders are told to wait */
    public MemoryLinks(int queueFrames) {
        this.queueFrames = queueFrames;
    }

    @Override
    public StageInbox openInbox() {
        requireOpen();
        LinkEndpoint endpoint = new LinkEndpoint(HOST, 0, nextStreamId.getAndIncrement(), HOST);
        MemoryInbox inbox = new MemoryInbox(endpoint, queueFrames, () -> inboxes.remove(endpoint));
        inboxes.put(endpoint, inbox);
        return inbox;
    }

    @Override
    public StageLink connect(LinkEndpoint target) {
        requireOpen();
        return new MemoryLink(target);
    }

    /** The next {@code count} frames sent to {@code target} vanish; their senders notice nothing. */
    public void drop(LinkEndpoint target, int count) {
        inbox(target).dropNext(count);
    }

    /** The next {@code count} frames sent to {@code target} arrive with a byte changed. */
    public void damage(LinkEndpoint target, int count) {
        inbox(target).damageNext(count);
    }

    /** Frames to {@code target} stay on their way, and fill its queue, until {@link #release}. */
    public void hold(LinkEndpoint target) {
        inbox(target).hold(true);
    }

    /** Lets held frames arrive. */
    public void release(LinkEndpoint target) {
        inbox(target).hold(false);
    }

    /** Nobody listens at {@code target} any more, and what was on its way is lost. */
    public void kill(LinkEndpoint target) {
        inbox(target).close();
    }

    @Override
    public void close() {
        closed = true;
        inboxes.values().forEach(MemoryInbox::close);
    }

    private MemoryInbox inbox(LinkEndpoint target) {
        MemoryInbox inbox = inboxes.get(target);
        if (inbox == null) {
            throw new IllegalArgumentException("no inbox is open at " + target);
        }
        return inbox;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the links are closed");
        }
    }

    private final class MemoryLink implements StageLink {
        private final LinkEndpoint target;
        private boolean linkClosed;

        MemoryLink(LinkEndpoint target) {
            this.target = target;
        }

        @Override
        public Sent send(DirectBuffer frame, int offset, int length) {
            if (linkClosed || closed) {
                return Sent.CLOSED;
            }
            MemoryInbox inbox = inboxes.get(target);
            return inbox == null ? Sent.NOT_CONNECTED : inbox.offer(frame, offset, length);
        }

        /** A frame is taken whole or not at all, so there is nothing to forget. */
        @Override
        public void abandon() {}

        @Override
        public LinkEndpoint target() {
            return target;
        }

        @Override
        public void close() {
            linkClosed = true;
        }
    }
}
