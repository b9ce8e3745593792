package io.caravan.proto.link;

import org.agrona.DirectBuffer;

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

    /** Forgets a frame that was sent in part; the receiver drops what it has of it. */
    void abandon();

    LinkEndpoint target();

    @Override
    void close();
}
