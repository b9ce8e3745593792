package io.caravan.worker.transport.aeron;

import io.aeron.Subscription;
import io.caravan.proto.link.Doorbell;
import io.caravan.proto.link.FrameHandler;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.ThreadBell;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Listens on shared memory and on UDP, each in its turn. Senders through memory ring its bell where this system has such. */
final class AeronInbox implements StageInbox {
    private final LinkEndpoint endpoint;
    private final InboxLane udp;
    private final InboxLane[] lanes;
    private final Optional<SharedBell> shared;
    private final Doorbell bell;
    private final BooleanSupplier lost;
    private int nextLane;

    /**
     * @param shared the bell that senders through memory ring
     * @param lost whether the driver gave this process up, so that nothing can arrive any more
     */
    AeronInbox(
            LinkEndpoint endpoint,
            Subscription ipc,
            Subscription udp,
            int maxFrameBytes,
            Optional<SharedBell> shared,
            BooleanSupplier lost) {
        this.endpoint = endpoint;
        this.udp = new InboxLane(udp, maxFrameBytes);
        this.lanes = new InboxLane[] {new InboxLane(ipc, maxFrameBytes), this.udp};
        this.shared = shared;
        this.bell = shared.<Doorbell>map(each -> each).orElseGet(ThreadBell::new);
        this.lost = lost;
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
        if (work == 0 && lost.getAsBoolean()) {
            throw new IllegalStateException(
                    "the inbox " + endpoint + " lost its media driver: it ended, or heard nothing"
                            + " of this process for longer than caravan.transport.client-timeout");
        }
        return work;
    }

    @Override
    public Doorbell bell() {
        return bell;
    }

    @Override
    public boolean rings() {
        return shared.isPresent() && !udp.hasSenders();
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
        shared.ifPresent(SharedBell::close);
    }
}
