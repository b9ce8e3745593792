package io.caravan.proto.link;

import org.agrona.DirectBuffer;

/** Takes a whole frame, header included, that was checked; the buffer is only good until the call returns. */
@FunctionalInterface
public interface FrameHandler {
    void onFrame(DirectBuffer buffer, int offset, int length);
}
