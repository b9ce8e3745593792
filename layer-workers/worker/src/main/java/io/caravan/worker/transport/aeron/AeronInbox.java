package io.caravan.worker.transport.aeron;

import io.aeron.Subscription;
import io.caravan.proto.link.FrameHandler;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageInbox;

/** Listens on shared memory and on UDP, each in its turn. */
final class AeronInbox implements StageInbox {
    private final LinkEndpoint endpoint;
    private final InboxLane[] lanes;
    private int nextLane;

    AeronInbox(LinkEndpoint endpoint, Subscription ipc, Subscription udp, int maxFrameBytes) {
        this.endpoint = endpoint;
        this.lanes = new InboxLane[] {new InboxLane(ipc, maxFrameBytes), new InboxLane(udp, maxFrameBytes)};
    }

    @Override
    public LinkEndpoint endpoint() {
        return endpoint;
    }

    @Override
    public int poll(FrameHandler handler) {
        int work = 0;
        for (int i = 0; i < lanes.length; i++) {
            InboxLane lane = lanes[nextLane];
            nextLane = (nextLane + 1) % lanes.length;
            work += lane.poll(handler);
            if (lane.handedOver()) {
                break;
            }
        }
        return work;
    }

    @Override
    public long rejectedCount() {
        long count = 0;
        for (InboxLane lane : lanes) {
            count += lane.rejectedCount();
        }
        return count;
    }

    @Override
    public void close() {
        for (InboxLane lane : lanes) {
            lane.close();
        }
    }
}
