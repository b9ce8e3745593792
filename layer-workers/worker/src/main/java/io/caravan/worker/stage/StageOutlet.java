package io.caravan.worker.stage;

import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageLink;
import io.caravan.proto.link.StageLinks;
import java.util.Optional;
import org.agrona.ExpandableDirectByteBuffer;
import org.agrona.MutableDirectBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a stage's results leave: at most one frame, which is sent piece by piece, and the link to the next stage. The
 * buffer grows to the largest frame there was, which the stage's most rows bound.
 */
final class StageOutlet implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StageOutlet.class);

    private final StageLinks links;
    private final StageCounters counters;
    private final MutableDirectBuffer buffer = new ExpandableDirectByteBuffer();
    private Optional<StageLink> link = Optional.empty();
    private int pendingBytes;
    private boolean claimed;

    StageOutlet(StageLinks links, StageCounters counters) {
        this.links = links;
        this.counters = counters;
    }

    /** Where the next frame is written before {@link #put}; only while none is pending. */
    MutableDirectBuffer buffer() {
        if (isPending()) {
            throw new IllegalStateException("a frame of " + pendingBytes + " bytes is still being sent");
        }
        return buffer;
    }

    /**
     * Where to write a frame of {@code frameBytes} that begins with the first {@code headBytes} of {@link #buffer()}: in the
     * link's own memory where it has room, which spares a copy, else there.
     */
    MutableDirectBuffer room(int headBytes, int frameBytes) {
        Optional<MutableDirectBuffer> claim = link.flatMap(open -> open.claim(frameBytes));
        claimed = claim.isPresent();
        if (claim.isEmpty()) {
            buffer.checkLimit(frameBytes);
            return buffer;
        }
        claim.get().putBytes(0, buffer, 0, headBytes);
        return claim.get();
    }

    /** A frame of {@code frameBytes} is complete where {@link #room} or {@link #buffer} said, and to be sent. */
    void put(int frameBytes) {
        if (claimed) {
            claimed = false;
            link.ifPresent(StageLink::commit);
        } else {
            pendingBytes = frameBytes;
        }
    }

    boolean isPending() {
        return pendingBytes > 0;
    }

    /** Sends on what is pending; returns 1 when the frame has left, or cannot any more, and 0 when it has to wait. */
    int send() {
        if (link.isEmpty()) {
            return lose("there is no next stage");
        }
        return switch (link.get().send(buffer, 0, pendingBytes)) {
            case DONE -> {
                pendingBytes = 0;
                yield 1;
            }
            case BACK_PRESSURED, NOT_CONNECTED -> 0;
            case CLOSED -> lose("the link to " + link.get().target() + " was closed");
        };
    }

    private int lose(String why) {
        LOG.warn("A frame of {} bytes is lost: {}", pendingBytes, why);
        counters.lost();
        disconnect();
        return 1;
    }

    /** Whether frames go to {@code target} now. */
    boolean leadsTo(LinkEndpoint target) {
        return link.isPresent() && link.get().target().equals(target);
    }

    /** Sends to {@code target} from now on; a frame that was on its way elsewhere, or before, is forgotten. */
    void connect(LinkEndpoint target) {
        if (leadsTo(target)) {
            abandon();
        } else {
            disconnect();
            link = Optional.of(links.connect(target));
        }
    }

    /** Forgets the frame that is being sent. */
    void abandon() {
        if (isPending() || claimed) {
            link.ifPresent(StageLink::abandon);
            pendingBytes = 0;
            claimed = false;
        }
    }

    private void disconnect() {
        abandon();
        link.ifPresent(StageLink::close);
        link = Optional.empty();
    }

    @Override
    public void close() {
        disconnect();
    }
}
