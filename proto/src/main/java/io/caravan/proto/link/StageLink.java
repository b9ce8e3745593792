package io.caravan.proto.link;

import java.util.Optional;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** The sending end of a link. Used by one thread. */
public interface StageLink extends AutoCloseable {

    /** What became of a frame. */
    enum Sent {
        /** The whole frame is on its way. */
        DONE,
        /** The receiver is behind: call again with the same frame, which goes on where it stopped. */
        BACK_PRESSURED,
        /** Nobody listens (yet, or any more): call again with the same frame. */
        NOT_CONNECTED,
        /** This link is of no more use. */
        CLOSED
    }

    /** Sends a frame, header included, without blocking. A frame that is given up must be followed by {@link #abandon()}. */
    Sent send(DirectBuffer frame, int offset, int length);

    /**
     * Room for the next frame in the link's own memory, which spares a copy: the frame is written there and leaves with
     * {@link #commit}. Until then, or until {@link #abandon}, nothing else may be sent.
     *
     * @param length of the frame, header included
     * @return room for just so many bytes; empty when there is none now, or frames of such length have none ever
     */
    default Optional<MutableDirectBuffer> claim(int length) {
        return Optional.empty();
    }

    /** Sends the frame that was written where {@link #claim} said. */
    default void commit() {
        throw new IllegalStateException("nothing was claimed");
    }

    /** Forgets a frame that was sent in part or claimed room for; the receiver drops what it has of it. */
    void abandon();

    LinkEndpoint target();

    @Override
    void close();
}
