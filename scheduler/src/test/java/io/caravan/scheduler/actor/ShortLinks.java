package io.caravan.scheduler.actor;

import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import io.caravan.proto.link.StageLinks;
import java.util.concurrent.atomic.AtomicInteger;

/** Links for which there is no memory at first. */
final class ShortLinks implements StageLinks {
    private final StageLinks links;
    private final AtomicInteger refusals = new AtomicInteger();

    ShortLinks(StageLinks links) {
        this.links = links;
    }

    /** The next so many attempts to connect fail. */
    void refuse(int count) {
        refusals.set(count);
    }

    /** Attempts that are still to fail. */
    int refusalsLeft() {
        return Math.max(0, refusals.get());
    }

    @Override
    public StageInbox openInbox() {
        return links.openInbox();
    }

    @Override
    public StageLink connect(LinkEndpoint target) {
        if (refusals.getAndDecrement() > 0) {
            throw new IllegalStateException("cannot open a link to " + target + ": no space left");
        }
        return links.connect(target);
    }

    @Override
    public void close() {
        links.close();
    }
}
